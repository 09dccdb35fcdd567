"""
Figures in the reports.
"""

import re

import msgspec
import sample

from conformance.model.outcome import Figure
from conformance.reporting.figures import figures_line, rows
from conformance.reporting.html import render_html
from conformance.reporting.markdown import render_markdown
from conformance.reporting.plots import panels
from conformance.reporting.terminal import render_terminal

FAST = Figure(name="first_text", value=0.0042, unit="s", target="< 1s", held=True)
SLOW = Figure(name="took", value=1.5, unit="s", target="< 50ms", held=False, of=2)
RATE = Figure(name="rate", value=9.96, unit="per second", target=">= 10")


def results(*figures):
    return sample.results([sample.outcome(figures=list(figures))])


def test_a_figure_is_told_in_words():
    told = [(row.what, row.value, row.target, row.held) for row in rows(results(FAST, SLOW, RATE))]

    assert told == [
        ("until the first text", "4 ms", "< 1s", "held"),
        ("one exchange, worst of 2", "1.50 s", "< 50ms", "missed"),
        ("pieces of text", "10.0 per second", ">= 10", "could not tell"),
    ]


def test_all_figures_are_one_line_that_names_what_was_missed():
    assert figures_line(results(FAST, SLOW, RATE)) == (
        "figures: 1 of 3 within their targets; missed: anita storage/turn-is-stored 1.50 s (< 50ms)"
    )


def test_the_terminal_and_the_summary_have_the_line():
    assert "figures: 1 of 1 within their targets\n" in render_terminal(results(FAST))
    assert "figures: 1 of 1 within their targets\n" in render_markdown(results(FAST))


def test_the_page_has_a_table_of_them_that_leads_to_the_outcomes():
    text = render_html(results(FAST, SLOW))
    table = text.partition('<h2 id="figures-title">Figures</h2>')[2].partition("</section>")[0]

    assert len(re.findall(r'<tr><th scope="row"><a href="#at-anita-storage-turn-is-stored">', table)) == 2
    assert "&lt; 50ms" in table
    assert "missed" in table


def test_figures_of_one_kind_share_an_axis_and_their_targets_are_on_it():
    (panel,) = panels(results(FAST, msgspec.structs.replace(FAST, value=0.1, target="< 100ms")))
    first, second = panel.rows

    assert [label for _, label in panel.ticks] == ["1 ms", "10 ms", "100 ms", "1 s"]
    assert first.x < second.x == second.target < first.target


def test_a_missed_target_is_drawn_in_the_shade():
    (time,) = next(panels(results(SLOW))).rows
    (rate,) = next(panels(results(RATE))).rows

    assert time.missed[0] <= time.x <= time.missed[1]
    assert rate.missed[0] <= rate.x <= rate.missed[1]


def test_what_is_too_fast_to_measure_is_drawn_at_the_edge():
    (panel,) = panels(results(msgspec.structs.replace(FAST, value=0.0)))

    assert panel.rows[0].x == panel.ticks[0][0]


def test_the_values_behind_the_worst_are_drawn_too():
    several = msgspec.structs.replace(SLOW, every=[0.1, 1.5])

    assert next(panels(results(several))).rows[0].others.count("M") == 2


def test_a_run_that_measured_nothing_speaks_of_no_figures():
    assert figures_line(results()) is None
    assert "Figures" not in render_html(results())
    assert "figures" not in render_terminal(results())
