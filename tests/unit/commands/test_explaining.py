"""
What a name means can be asked, offline, and a misspelt one is guessed.
"""

import json

import pytest

from conformance.commands.explaining import explain_command, explained, render_explanations
from conformance.commands.knowledge import OUTCOMES, Explanation, Knowledge
from conformance.errors import UsageError
from conformance.model.outcome import KINDS


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge()


def one(name: str, knowledge: Knowledge, kind: str) -> Explanation:
    return next(found for found in explained(name, knowledge) if found.kind.startswith(kind))


def test_a_requirement_says_why_whence_how_it_is_judged_and_what_breaks_it(knowledge):
    found = one("storage/turn-is-stored", knowledge, "requirement, MUST")

    assert {"why", "source", "judged by", "broken by"} <= found.facts.keys()
    assert any("https://github.com/vercel/chatbot/issues/1060" in line for line in found.facts["broken by"])
    assert any(line.startswith("storage/turn-is-in-the-store: ") for line in found.facts["judged by"])


def test_a_scenario_says_what_it_shows_and_its_steps(knowledge):
    found = one("recall/first-turn-reaches-the-model", knowledge, "scenario")

    assert found.facts["steps"] == ["1. chat: prompt", "2. chat: prompt"]
    assert found.facts["shows"][0].startswith("recall/history-reaches-the-model: ")


def test_an_example_and_a_dialect_may_follow_the_name(knowledge):
    assert explained("recall/first-turn-reaches-the-model[n=1]@anita", knowledge)


def test_a_defect_says_what_catches_it_and_who_had_it(knowledge):
    found = one("aborted-last-chunk-only", knowledge, "defect")

    assert found.facts["must be caught"] == ["recall/history-reaches-the-model"]
    assert "github.com/google/adk-go/issues/109" in found.facts["reports"][0]


def test_a_defect_that_needs_more_than_a_run_says_what(knowledge):
    found = one("thread-without-messages", knowledge, "defect")

    assert found.facts["only seen"] == [
        "with PostgreSQL (--db postgres)",
        "where threadgauge starts the server (no URL, or --target-cmd)",
    ]
    assert found.facts["look at it"] == [
        "threadgauge run --profile anita --select storage/cut-at-commit --defect thread-without-messages --db postgres"
    ]
    assert "seen" not in found.facts  # only that the healthy server, without PostgreSQL, was not played


def test_a_defect_that_any_run_shows_needs_nothing(knowledge):
    found = one("no-history-sent", knowledge, "defect")

    assert "only seen" not in found.facts
    assert found.facts["look at it"][1] == "threadgauge serve --dialect anita --defect no-history-sent"


@pytest.mark.parametrize("name", ["no_history_sent", "storage/turn_is_stored", "unknown-thread", "Known-Failure "])
def test_hyphens_and_underscores_are_alike(name, knowledge):
    meant = explained(name, knowledge)[0].id

    assert meant.replace("_", "-").replace(" ", "-") == name.strip().lower().replace("_", "-")


def test_what_was_seen_is_one_line_with_its_line_ends_and_blanks_told(knowledge):
    found = one("newline-normalised", knowledge, "defect")
    seen = [line for line in found.facts["seen"] if line.startswith("healthy: ")]

    assert r"\x0d\n" in seen[0]
    assert "a  b" in render_explanations([Explanation(id="x", kind="y", sentence="z", facts={"s": ["a  b"]})], 60)


@pytest.mark.parametrize(
    ("name", "kind"), [("byte-order-mark", "quirk"), ("unknown_thread", "policy"), ("titles", "capability")]
)
def test_what_a_profile_or_a_server_may_have_is_explained(name, kind, knowledge):
    assert one(name, knowledge, kind).sentence


def test_every_outcome_is_explained():
    assert set(OUTCOMES) == set(KINDS)


def test_a_misspelt_name_is_guessed_by_the_part_that_one_remembers(knowledge):
    with pytest.raises(UsageError, match=r"Did you mean storage/turn-is-stored"):
        explained("turn-is-stord", knowledge)


def test_a_name_like_nothing_else_gets_a_way_to_look():
    with pytest.raises(UsageError, match=r"threadgauge list"):
        explain_command("zzzzqqqq")


def test_lines_are_no_longer_than_the_terminal_is_wide(knowledge):
    text = render_explanations(explained("storage/turn-is-stored", knowledge), 60)
    urls = [line for line in text.splitlines() if "http" not in line]

    assert max(map(len, urls)) <= 60


def test_json_has_the_same():
    found = json.loads(explain_command("failed", as_json=True))

    assert [(each["id"], each["kind"]) for each in found] == [("failed", "outcome")]
