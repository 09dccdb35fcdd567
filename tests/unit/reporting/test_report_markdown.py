"""
Markdown for a CI job's summary.
"""

import sample

from conformance.model.outcome import Difference
from conformance.reporting.markdown import LIMIT, render_markdown


def told(*lines):
    return [Difference(check="text", step="1", at="text", witness="wire", lines=list(lines))]


def test_the_verdict_comes_first():
    assert render_markdown(sample.results()).startswith(
        "## ❌ threadgauge: Does not conform: 3 failed of 11 scenarios."
    )


def test_a_row_per_area_and_a_column_per_profile():
    text = render_markdown(sample.results())

    assert "| area | anita | completions |\n| --- | --- | --- |\n" in text
    assert "| recall | **2 failed** | **1 failed** |" in text


def test_failures_are_folded():
    text = render_markdown(sample.results([sample.failure()], requirements=[]))

    assert text.count("<details>") == text.count("</details>") == 1


def test_no_text_breaks_out_of_its_fence():
    text = render_markdown(sample.results([sample.failure(differences=told("````", "</details>", "<script>"))]))

    assert "\n`````text\n" in text


def test_a_title_cannot_bring_markup():
    text = render_markdown(sample.results([sample.failure(title="</summary><img src=x>\n\n# big")]))

    assert (
        "<summary>anita: MUST recall/first-turn-reaches-the-model: &lt;/summary&gt;&lt;img src=x&gt;\\n\\n# big<"
        in text
    )


def test_a_name_cannot_break_the_table():
    text = render_markdown(sample.results([sample.outcome(area="a|b`c\nd", profile="p|q")]))

    assert "| a\\|b\\`c d | 1 passed |" in text


def test_it_is_never_longer_than_the_limit():
    failures = [sample.failure(name=f"a/{n}", differences=told("é" * 5000)) for n in range(300)]
    text = render_markdown(sample.results(failures))

    assert len(text.encode()) < LIMIT
    assert text.endswith("the HTML report has all._\n")


def test_one_outcome_does_not_crowd_out_the_others():
    failures = [sample.failure(name="a/0", differences=told("x" * 10**6)), sample.failure(name="a/1")]

    assert "recall/first-turn-reaches-the-model --seed 7" in render_markdown(sample.results(failures))


def test_what_to_fix_first_is_said_first_and_stands_first():
    victims = [sample.failure(name=f"a/{n}", requirement="a/at-times", level="MAY") for n in range(3)]
    text = render_markdown(sample.results([*victims, sample.failure()])).replace("\\", "")

    assert f"**Fix first:** MUST {sample.RECALL}: Every prompt" in text
    assert text.index(f"<summary>anita: MUST {sample.RECALL}") < text.index("<summary>anita: MAY a/0")


def test_of_a_thousand_failures_a_hundred_are_in_full_and_the_rest_are_counted():
    text = render_markdown(sample.results([sample.failure(name=f"a/{n:04}") for n in range(1000)]))

    assert len(text.encode()) < LIMIT
    assert text.count("```text") == 100
    assert text.count("a/0999") == 1
    assert "### 1000 failed" in text


def test_a_known_failure_is_listed_in_brief():
    text = render_markdown(sample.results([sample.failure(kind="known failure", reason="known: Our issue 12")]))

    assert "1 in brief" in text
    assert "known: Our issue 12" in text
    assert "```" not in text


def test_the_seed_is_told_where_no_cut_reaches_it():
    failures = [sample.failure(name=f"a/{n}", differences=told("é" * 5000)) for n in range(300)]

    assert "seed 7" in render_markdown(sample.results(failures), limit=20_000)
