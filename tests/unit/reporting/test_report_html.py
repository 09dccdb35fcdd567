"""
The HTML page, as text: escaped, self-contained, of bearable size.
"""

import re

import msgspec
import pytest
import sample

from conformance.model.outcome import Difference
from conformance.model.requirement import SuspectDefect
from conformance.reporting.html import render_html
from conformance.reporting.templates import template, templates_folder

HOSTILE = "</details></script><script>alert(1)</script><img src=x onerror=alert(1)>\x00\u202e'\"`{{7*7}}"
LONG = "y" * 2**20


def page(*outcomes, **options):
    return render_html(sample.results(list(outcomes) or None, **options), sample.transcripts())


def hostile_page():
    told = Difference(check="text", step=HOSTILE, at=HOSTILE, witness="wire", lines=[HOSTILE, LONG])
    words = dict.fromkeys(("name", "scenario", "title", "profile", "requirement", "sentence", "area"), HOSTILE)
    words |= dict.fromkeys(("reason", "also", "again"), HOSTILE)
    bad = sample.failure(
        **words, differences=[told], steps={"1": HOSTILE}, suspects=[SuspectDefect(id=HOSTILE, report=HOSTILE)]
    )
    transcript = sample.forgetful(HOSTILE, stored=LONG + HOSTILE)
    first = transcript.records[0]
    exchange = msgspec.structs.replace(first.exchanges[0], trouble=HOSTILE, headers={HOSTILE: HOSTILE})
    records = [msgspec.structs.replace(first, title=HOSTILE, exchanges=[exchange]), *transcript.records[1:]]
    transcript = msgspec.structs.replace(transcript, records=records)
    return render_html(sample.results([bad], notes=[HOSTILE]), {bad.transcript: transcript})


def test_no_text_of_the_target_becomes_markup():
    text = hostile_page()

    assert "<script>alert" not in text
    assert "<img" not in text
    assert text.count("</details>") == len(re.findall("<details[ >]", text))
    assert "{{7*7}}" in text


def test_characters_that_play_tricks_are_shown_as_escapes():
    assert not set(hostile_page()) & {"\x00", "\u202e"}


def test_a_megabyte_of_text_is_shown_shortened():
    assert len(hostile_page()) < 120_000


def test_nothing_is_loaded_from_elsewhere():
    loaded = re.findall(r"<(?:link|script|img|iframe|source)[^>]*(?:href|src)=\"([^\"]*)\"", page())

    assert loaded == ["data:,"]


def test_only_our_own_script_may_run():
    assert "script-src &#39;sha256-" not in page()
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", page())


def test_the_verdict_is_the_heading_and_the_title():
    text = page()

    assert "<h1>Does not conform: 3 failed of 11 scenarios.</h1>" in text
    assert "<title>Does not conform: threadgauge anita completions</title>" in text


@pytest.mark.parametrize(("outcomes", "title"), [([sample.outcome()], "Conforms"), ([], "Could not tell")])
def test_a_run_without_failures_has_nothing_to_fix(outcomes, title):
    text = render_html(sample.results(outcomes))

    assert f"<title>{title}" in text
    assert "Fix this first" not in text


def test_a_run_that_conforms_shows_what_deviates_and_what_was_not_seen():
    kinds = [sample.outcome(kind=kind, name=f"a/{kind}") for kind in ("passed", "deviation", "inconclusive")]
    told = page(*kinds).partition("worth a look")[2].partition("</section>")[0]

    assert re.findall('href="#([^"]*)"', told) == ["at-anita-a-deviation", "at-anita-a-inconclusive"]
    assert "worth a look" not in page(sample.outcome())


def test_the_likely_defect_links_to_its_public_report():
    assert 'href="https://github.com/langgenius/dify/issues/9130"' in page()


def test_a_failure_shows_all_four_witnesses():
    text = page(sample.failure())

    assert "seen from 4 places" in text
    assert text.count("<mark>not there</mark>") == 2


def test_a_witness_that_nobody_asked_keeps_its_column():
    seen = sample.forgetful()
    blind = msgspec.structs.replace(seen, records=[one for one in seen.records if one.rows is None])
    text = render_html(sample.results([sample.failure()]), {"anita/recall-first-turn": blind})

    assert text.count("not asked in this scenario") == 1


def test_a_failure_can_be_repeated_by_hand():
    text = page(sample.failure())

    assert "curl -sS -N -X POST http://127.0.0.1:8000/chat" in text
    assert sample.AGAIN in text


def test_where_rows_are_wrong_the_request_before_them_is_the_one_to_repeat():
    told = msgspec.structs.replace(sample.failure().differences[0], step="3", witness="store")
    seen = sample.forgetful()
    rows = msgspec.structs.replace(seen.records[-1], index="3")
    wrong = sample.failure(differences=[told], steps={"3": "query"})
    text = render_html(
        sample.results([wrong]),
        {wrong.transcript: msgspec.structs.replace(seen, records=[*seen.records[:2], rows])},
    )

    assert text.partition("The request, by hand")[2].count("What is my name?") == 1


def test_a_passed_scenario_stays_small():
    assert "seen from" not in page(sample.outcome(transcript="plain"))
    assert "curl" not in page(sample.outcome(transcript="plain"))


def test_what_needs_no_study_names_its_requirement_and_the_page_states_it_once():
    text = page(*[sample.outcome(transcript="plain")] * 3)
    links = re.findall(r'<p class="sentence"><a href="#([^"]*)"', text)

    assert len(links) == 3
    assert text.count(f'<li id="{links[0]}">') == 1
    assert '<p class="sentence"><span' not in text


def test_an_outcome_without_a_transcript_still_shows_its_words():
    assert "prompt (sent to the model) has 1 message" in render_html(sample.results([sample.failure()]), {})


def test_anchors_are_never_the_same_twice():
    anchors = re.findall(r'<details class="outcome [^>]* id="([^"]*)"', page(*[sample.outcome()] * 3))

    assert len(set(anchors)) == 3


def test_five_hundred_scenarios_stay_below_five_megabytes():
    assert len(page(*sample.every_kind(), *sample.many(500)).encode()) < 5_000_000


def test_a_server_that_is_wrong_everywhere_makes_a_page_that_still_opens():
    wrong = [sample.failure(name=f"a/{place}", transcript="anita/recall-first-turn") for place in range(1500)]
    text = page(*wrong)

    assert len(text.encode()) < 5_000_000
    assert text.count("In brief: the page shows 250 outcomes in full.") == 1250
    assert text.count("prompt (sent to the model) has 1 message, expected 3") >= 1500


def test_the_style_sheet_and_the_script_cannot_end_their_element():
    assert "</" not in template("report.css") + template("report.js")


def test_the_templates_are_found():
    assert (templates_folder() / "report.html.j2").is_file()
