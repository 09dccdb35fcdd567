"""
The kill matrix against an earlier one, and the tables and pages that are made from it.
"""

from __future__ import annotations

from msgspec import structs

from conformance.model.matrix import Cell, Contrast, KillMatrix, Row, Witness
from conformance.model.requirement import Ledger, Requirement, SuspectDefect
from conformance.reporting.kill_page import by_group, render_kill_page
from conformance.reporting.kill_table import proof_lines, result_lines
from conformance.reporting.kills import (
    links,
    merged,
    parse_matrix,
    proofs,
    regressions,
    render_matrix,
    unproven,
    unshown,
    wrongs,
)
from conformance.reporting.trust import TABLES, filled

SEEN = Witness(
    scenario="recall/second-turn", seen=Contrast(step="2", at="calls[0].messages.length", healthy="3", broken="1")
)
CAUGHT = Cell(verdict="caught", shown=["recall/history"], scenario="recall/second-turn", witness=SEEN)
MISSED = Cell(verdict="survived", witness=SEEN)
SAME = Cell(verdict="equivalent", reason="it sends no <history> anyway")


def row(defect: str = "no-history-sent", **dialects: Cell) -> Row:
    return Row(
        defect=defect,
        group="recall",
        seam="history",
        sentence="The model is sent only the new message.",
        named=["recall/history"],
        dialects=dialects or {"anita": CAUGHT},
    )


def matrix(*rows: Row, **more) -> KillMatrix:
    return KillMatrix(rows=list(rows), **more)


def requirement(name: str, **more) -> Requirement:
    return Requirement(id=name, level="MUST", sentence="A sentence that is long enough.", source=["O"], **more)


HISTORY = requirement("recall/history", defects=[SuspectDefect(id="no-history-sent", report="langgenius/dify#9130")])
LEDGER = Ledger(capabilities={}, policies={}, requirements=[HISTORY, requirement("recall/order")])


def worse(before: KillMatrix, now: KillMatrix, *known: str, whole: bool = True) -> list[str]:
    return list(regressions(before, now, known or ("no-history-sent",), whole))


def test_a_row_is_as_good_as_its_worst_dialect():
    assert row(anita=CAUGHT, guide=MISSED).verdict == "survived"
    assert row(anita=CAUGHT, guide=SAME).verdict == "caught"
    assert row(guide=SAME).verdict == "equivalent"


def test_what_is_equivalent_does_not_count_in_the_score():
    assert matrix(row(), row("b", anita=MISSED), row("c", anita=SAME)).score == 0.5


def test_the_same_matrix_is_the_same_text_in_any_order():
    assert render_matrix(matrix(row("b"), row("a"))) == render_matrix(matrix(row("a"), row("b")))
    assert parse_matrix(render_matrix(matrix(row()))) == matrix(row())


def test_nothing_is_worse_than_itself():
    assert worse(matrix(row()), matrix(row())) == []


def test_a_defect_that_was_caught_and_survives_is_named_with_what_caught_it():
    found = worse(matrix(row()), matrix(row(anita=MISSED)))

    assert found[0] == ("no-history-sent was caught in anita by recall/history (recall/second-turn), and is survived")
    assert found[1] == "the kill score fell from 100.0% to 0.0%"


def test_a_defect_that_is_now_called_equivalent_is_told_with_the_reason():
    assert "equivalent: it sends no" in worse(matrix(row()), matrix(row(anita=SAME)))[0]


def test_a_defect_that_is_gone_is_named():
    assert worse(matrix(row("old"), row()), matrix(row())) == ["old is gone: it was a defect that was caught"]


def test_a_requirement_that_loses_its_proof_is_named():
    assert worse(matrix(row()), matrix(row(), unproven=["recall/history"])) == [
        "no defect breaks recall/history any more"
    ]


def test_of_a_part_only_what_was_played_is_compared():
    before = matrix(row(anita=CAUGHT, guide=CAUGHT), row("other"))

    assert worse(before, matrix(row(guide=CAUGHT)), "no-history-sent", "other", whole=False) == []
    assert len(worse(before, matrix(row(guide=MISSED)), "no-history-sent", "other", whole=False)) == 1


def test_what_was_played_goes_over_what_was_known():
    before = matrix(row(anita=CAUGHT, guide=CAUGHT), row("gone"), row("kept"))
    now = merged(before, matrix(row(guide=MISSED), false_alarms=["anita a/b"]), {"no-history-sent", "kept"})

    assert now == matrix(row("kept"), row(anita=CAUGHT, guide=MISSED), false_alarms=["anita a/b"])


def test_a_false_alarm_stays_until_the_healthy_server_is_played_again():
    before = matrix(row(), false_alarms=["anita a/b"])

    assert merged(before, matrix(row()), {"no-history-sent"}, healthy=False).false_alarms == ["anita a/b"]
    assert merged(before, matrix(row()), {"no-history-sent"}).false_alarms == []


def test_a_requirement_is_proven_by_what_broke_it_and_not_by_what_names_it():
    blind = structs.replace(row(), named=["recall/history", "recall/order"])

    assert proofs(matrix(blind)) == {"recall/history": ["no-history-sent"]}
    assert unproven(matrix(blind), LEDGER.requirements) == ["recall/order"]
    assert unshown(blind) == ["recall/order"]


def test_a_requirement_without_a_scenario_is_not_unproven():
    assert unproven(matrix(), [requirement("recall/later", untested="needs two servers")]) == []


def test_what_makes_a_matrix_red():
    found = list(
        wrongs(
            matrix(
                row(anita=MISSED, guide=SAME),
                row("elsewhere", anita=Cell(verdict="caught elsewhere", also=["recall/order"], witness=SEEN)),
                row("no-defect", anita=structs.replace(CAUGHT, witness=None)),
                false_alarms=["anita recall/x"],
            )
        )
    )

    assert found[0] == "false alarm: anita recall/x"
    assert found[1].startswith("no-history-sent in anita: survived; it names recall/history.")
    assert found[2].startswith("elsewhere in anita: caught elsewhere by recall/order;")
    assert found[3] == "no-defect in anita: nothing differs from the healthy server, so it is not shown to be broken"
    assert len(found) == 4


def test_a_green_matrix_has_nothing_wrong():
    assert list(wrongs(matrix(row(anita=CAUGHT, guide=SAME)))) == []


def test_the_terminal_says_what_was_played_and_what_is_worse():
    lines = list(result_lines(matrix(row()), matrix(row(), unproven=["recall/order"]), ["it fell"], 12.4))

    assert lines == [
        "1 of 1 defects caught by a requirement that they name, in 12 s",
        "  anita: 1",
        "1 requirements proven, 1 not",
        "  unproven: recall/order",
        "WORSE it fell",
    ]


def test_the_proofs_name_every_requirement():
    assert [line.split() for line in proof_lines(matrix(row()), LEDGER.requirements)] == [
        ["recall/history", "no-history-sent"],
        ["recall/order", "UNPROVEN"],
    ]


def test_the_reports_of_a_defect_are_the_ledgers():
    assert links(row(), {"recall/history": HISTORY}) == ["langgenius/dify#9130"]


def test_a_group_counts_defects_and_their_dialects():
    [group] = by_group([row(anita=CAUGHT, guide=MISSED), row("b"), row("c", anita=SAME)])

    assert (group.name, group.defects, group.caught, group.pairs) == ("recall", 2, 1, 3)


def test_the_page_needs_no_script_and_escapes_what_it_shows():
    page = render_kill_page(matrix(row(anita=CAUGHT, guide=SAME)), {"recall/history": HISTORY})

    assert "<script" not in page
    assert "https://github.com/langgenius/dify/issues/9130" in page
    assert "it sends no &lt;history&gt; anyway" in page
    assert "calls[0].messages.length" in page
    assert 'href="#recall/history"' in page
    assert 'id="recall/history"' in page


def test_only_the_regions_of_known_tables_are_filled():
    page = "Words.\n<!-- table: unproven -->\nold\n<!-- end -->\n<!-- table: flakes -->\nkept\n<!-- end -->\n"

    assert filled(page, matrix(row()), LEDGER) == (
        "Words.\n<!-- table: unproven -->\n\n* recall/order\n\n<!-- end -->\n"
        "<!-- table: flakes -->\nkept\n<!-- end -->\n"
    )


def test_every_table_can_be_made_again_over_itself():
    page = "".join(f"<!-- table: {name} -->\n<!-- end -->\n" for name in TABLES)
    once = filled(page, matrix(row(anita=CAUGHT, guide=SAME)), LEDGER)

    assert filled(once, matrix(row(anita=CAUGHT, guide=SAME)), LEDGER) == once
    assert r"it sends no \<history\> anyway" in once
