"""
What a run could not judge by the way it was played stands where the verdict is.
"""

import msgspec
import pytest

from conformance.reporting.html import render_html
from conformance.reporting.markdown import render_markdown
from conformance.reporting.terminal import render_brief, render_terminal
from tests.unit.reporting.sample import failure, outcome, results

LIVE = msgspec.structs.replace(
    results([outcome(), outcome(kind="inconclusive", name="a/b", reason="not seen")]),
    live=True,
    unplayed=[f"c/{number}@anita" for number in range(5)],
)


@pytest.mark.parametrize("render", [render_terminal, render_brief, render_markdown, render_html])
def test_every_report_for_people_says_that_it_was_live_and_what_was_not_played(render):
    text = " ".join(render(LIVE).replace("\\", "").split())

    assert "Live: a real model answered." in text
    assert "1 of 2 scenarios could not be told." in text
    assert "beyond --max-turns: 5 (c/0@anita, c/1@anita, c/2@anita, ...; all are in results.json)." in text


@pytest.mark.parametrize("render", [render_terminal, render_brief, render_markdown, render_html])
def test_any_other_run_says_nothing_of_it(render):
    assert "real model" not in render(results())


def test_in_brief_there_is_what_fails_and_the_verdict():
    text = render_brief(results([failure(), outcome(), outcome(kind="deviation", level="SHOULD", name="a/b")]))

    assert text.startswith("MUST recall/first-turn-reaches-the-model")
    assert "deviation" not in text.splitlines()[0]
    assert "a/b" not in text
    assert "judged" not in text
    assert text.splitlines()[-1].startswith("Does not conform: 1 failed")


def test_in_brief_a_deviation_fails_a_strict_run():
    text = render_brief(results([outcome(kind="deviation", level="SHOULD", name="a/b")], strict=True))

    assert "deviation SHOULD a/b" in text


def test_in_brief_a_run_that_conforms_is_its_verdict():
    assert render_brief(results([outcome()])) == "Conforms: 1 of 1 scenario judged, none failed."
