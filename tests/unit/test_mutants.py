"""
Generic mutants: where a file can be changed, what the change is, which scenarios can see it, and what the page says.
"""

from __future__ import annotations

from benchmarks.mutant_page import Explained, Mutant, Result, Row, Tried, filled, parsed, rows, table, written
from benchmarks.mutants import found, mutant, places, sampled
from benchmarks.reach import blocks, core, marked, reaching

SOURCE = """
from __future__ import annotations

def older(at: int | None, limit: int = 3) -> int | None:
    return at if at is not None and at > limit else None
"""

ONE = Mutant("reference_server/core/a.py", "core/AddNot", 0, 7, "if old:", "if not old:")
LIMITS = "reference_server/core/limits.py"
KEY = (ONE.file, ONE.was, ONE.now)


def test_one_place_counts_once_per_kind_of_change() -> None:
    kinds = [{operator.partition("/")[2].partition("_")[0] for operator, _, _ in one} for one in places(SOURCE)]
    assert all(len(kind) == 1 for kind in kinds)
    assert sum(kind == {"ReplaceComparisonOperator"} for kind in kinds) == 2


def test_annotations_are_left_out() -> None:
    assert not [one for one in places(SOURCE) if "BinaryOperator" in one[0][0]]


def test_a_mutant_shows_its_line_before_and_after() -> None:
    made = mutant(SOURCE, "a.py", ("core/ReplaceAndWithOr", 0, 5))
    assert made is not None
    assert made.was == "return at if at is not None and at > limit else None"
    assert made.now == "return at if at is not None or at > limit else None"


def test_a_change_that_cannot_be_made_is_none() -> None:
    assert mutant("try:\n    a()\nexcept (b.C, D):\n    pass\n", "a.py", ("core/ExceptionReplacer", 0, 3)) is None


def test_the_same_seed_draws_the_same_mutants() -> None:
    files = {"a.py": SOURCE, "b.py": SOURCE}
    assert len(sampled(files, 3, 7)) == 3
    assert sampled(files, 3, 7) == sampled(files, 3, 7) != sampled(files, 3, 8)


def test_a_change_that_is_no_python_is_none() -> None:
    assert mutant("{**a}\n", "a.py", ("core/ReplaceBinaryOperator_Pow_Div", 0, 1)) is None


def result(*rows: Row) -> Result:
    return Result(1, {ONE.file: 9}, list(rows))


def tried(verdict: str, by: str = "") -> Tried:
    return Tried(ONE, verdict, by)


def test_a_mutant_is_found_again_where_its_line_has_gone_to() -> None:
    made = mutant(SOURCE, "a.py", ("core/ReplaceAndWithOr", 0, 5))
    assert made is not None
    row = Row("a.py", made.line, made.operator, made.was, made.now, "killed")
    moved = found(row, "VERSION = 1\n" + SOURCE)
    assert moved is not None
    assert (moved.line, moved.now) == (made.line + 1, made.now)
    assert found(row, "VERSION = 1\n") is None


def test_a_survivor_that_nothing_explains_is_said() -> None:
    shown = table(result(*rows([tried("survived"), tried("killed", "recall/order (anita)")], {})))
    assert "| `a.py` | 9 | 2 | 1 | 0 | 1 |" in shown
    assert "1 of 2, 50.0 %" in shown
    assert "| a.py:7 | `if old:` | `if not old:` | **not explained** |" in shown


def test_an_equivalent_mutant_does_not_count_against_the_suite() -> None:
    shown = table(result(*rows([tried("survived"), tried("killed")], {KEY: Explained("never old here")})))
    assert "1 of 1, 100.0 %" in shown
    assert "never old here" in shown


def test_a_mistake_that_no_scenario_can_show_counts_against_the_suite() -> None:
    shown = table(result(*rows([tried("survived"), tried("killed")], {KEY: Explained("an hour later", False)})))
    assert "1 of 2, 50.0 %" in shown
    assert "an hour later" in shown


def test_what_explains_a_mutant_is_not_said_of_one_that_was_killed() -> None:
    assert [one.why for one in rows([tried("killed")], {KEY: Explained("never old here")})] == [""]


def test_a_result_is_read_as_it_was_written() -> None:
    kept = result(*rows([tried("survived"), tried("killed", "recall/order (anita)")], {}))
    assert parsed(written(kept)) == kept


def test_a_line_that_leaves_nothing_is_read_as_it_was_written() -> None:
    kept = result(Row("a.py", 7, "core/RemoveDecorator", "@property", "", "killed"))
    assert parsed(written(kept)) == kept


def test_the_page_has_the_table_in_its_place() -> None:
    shown = filled("before\n<!-- table: mutants -->\nold\n<!-- end -->\nafter\n", result(*rows([tried("killed")], {})))
    assert shown.startswith("before\n<!-- table: mutants -->\n\n| module |")
    assert shown.endswith("100.0 %.\n\n<!-- end -->\nafter\n")


BLOCKS = """
def told(names: list[str]) -> str:
    \"\"\"
    The first.
    \"\"\"
    if not names:
        return ""
    return names[
        0
    ]
"""


def test_a_block_has_its_first_line_and_its_last() -> None:
    assert blocks(BLOCKS) == {3: (3, 10), 7: (7, 7)}


def test_the_head_of_every_block_is_marked() -> None:
    source = marked(BLOCKS, 1000)
    assert [line.strip() for line in source.splitlines() if line.strip().startswith("_reached[")] == [
        "_reached[1003] = 1",
        "_reached[1007] = 1",
    ]


def test_what_a_start_enters_is_reached_by_all() -> None:
    first, _ = next(iter(blocks(core()[LIMITS]).values()))
    assert reaching({f"{LIMITS}:{first}": ["*", "anita: a"]}, LIMITS, first) is None


def test_what_is_in_no_function_is_reached_by_all() -> None:
    assert reaching({}, LIMITS, 1) is None


def test_what_nobody_enters_is_reached_by_none() -> None:
    first, _ = next(iter(blocks(core()[LIMITS]).values()))
    assert reaching({}, LIMITS, first) == []
