"""
The summary for a terminal.
"""

import sample

from conformance.reporting.terminal import render_outcome, render_terminal

EXPECTED = """\
MUST recall/first-turn-reaches-the-model: the second prompt carries the whole first turn
  profile anita, step 2, chat "What is my name?"
    prompt (sent to the model) has 1 message, expected 3
      missing  user       "My name is k7-violet-42"
      missing  assistant  "Nice to meet you, k7-violet-42."
  stored: both are in the store (store) and in the list (api), so the history is kept but not sent.
  looks like: no-history-sent (langgenius/dify#9130)
  again: threadgauge run URL --profile anita --select recall/first-turn-reaches-the-model --seed 7"""


def test_a_failure_reads_as_the_style_guide_shows():
    assert render_outcome(sample.failure()) == EXPECTED


def test_a_failure_stands_in_the_summary_word_for_word():
    assert EXPECTED in render_terminal(sample.results())


def test_a_requirement_of_another_name_is_told():
    assert "\n  requirement b/other: " in render_outcome(sample.failure(requirement="b/other"))


def test_at_most_three_defects_are_suspected():
    suspects = sample.failure().suspects * 5

    assert render_outcome(sample.failure(suspects=suspects)).count("no-history-sent") == 3


def test_differences_of_one_step_share_its_title():
    differences = sample.failure().differences * 2

    assert render_outcome(sample.failure(differences=differences)).count("step 2, chat") == 1


def test_errors_and_deviations_are_told_in_full():
    text = render_terminal(sample.results())

    assert "error MUST errors/upstream-refuses: Upstream refuses" in text
    assert "deviation SHOULD streaming/answer-comes-progressively" in text


def test_what_was_not_seen_is_grouped_by_reason():
    text = render_terminal(sample.results())

    assert "inconclusive\n   2  no database was given (--store)\n" in text


def test_kinds_that_did_not_happen_are_left_out_but_failed_and_passed():
    text = render_terminal(sample.results([sample.outcome()]))

    assert [kind for kind in ("failed", "passed", "error", "deviation") if f"  {kind}\n" in text] == [
        "failed",
        "passed",
    ]


def test_the_verdict_is_the_last_line():
    text = render_terminal(sample.results(), report="/tmp/r/index.html")

    assert text.splitlines()[-2:] == ["report: /tmp/r/index.html", "Does not conform: 3 failed of 11 scenarios."]


def test_colour_comes_only_when_asked_for():
    assert "\x1b" not in render_terminal(sample.results())
    assert "\x1b[31m" in render_terminal(sample.results(), colour=True)


def test_a_server_cannot_write_to_the_terminal():
    hostile = sample.failure(title="\x1b[2J\x1b]0;owned\x07\u202egnp", reason="\x9b31m")

    assert not set(render_terminal(sample.results([hostile]))) & set("\x1b\x07\u202e\x9b")


def test_a_name_is_one_line_whatever_it_was_made_of():
    assert render_outcome(sample.failure(name="a/b[text=\t\n]")).startswith(r"MUST a/b[text=\t\n]: the second")


def test_listings_fit_the_width():
    outcomes = [sample.outcome(kind="unsupported", reason="a word " * 40, name=f"a/{'n' * 60}{n}") for n in range(9)]
    lines = render_terminal(sample.results(outcomes), width=60).splitlines()

    assert max(map(len, lines)) <= 60
