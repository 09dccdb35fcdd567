"""
Generic mutants: where a file can be changed, what the change is, and what the table says of the results.
"""

from __future__ import annotations

from benchmarks.mutants import Mutant, Tried, mutant, places, sampled, table

SOURCE = """
from __future__ import annotations

def older(at: int | None, limit: int = 3) -> int | None:
    return at if at is not None and at > limit else None
"""

ONE = Mutant("reference_server/core/a.py", "core/AddNot", 0, 7, "if old:", "if not old:")


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


def test_a_survivor_that_nothing_explains_is_said() -> None:
    shown = table([Tried(ONE, "survived"), Tried(ONE, "killed", "recall/order (anita)")])
    assert "| 2 | 1 | 0 | 0 | 1 | 0 | 50.0 % |" in shown
    assert "| reference_server/core/a.py:7 | `if old:` | `if not old:` | **not explained** |" in shown


def test_an_equivalent_mutant_does_not_count_against_the_suite() -> None:
    known = {(ONE.file, ONE.was, ONE.now): "never old here"}
    shown = table([Tried(ONE, "survived"), Tried(ONE, "killed")], known)
    assert "| 2 | 1 | 0 | 0 | 1 | 1 | 100.0 % |" in shown
    assert "never old here" in shown
