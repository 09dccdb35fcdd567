"""
Figures over three runs and more.
"""

import re

import msgspec
import pytest
import sample

from conformance.model.outcome import Figure
from conformance.reporting.comparison import compare_runs
from conformance.reporting.comparison_page import render_comparison_page
from conformance.reporting.comparison_text import render_comparison, render_comparison_markdown
from conformance.reporting.trends import HEIGHT, WIDTH, bars, drawn

FORMS = [render_comparison, render_comparison_markdown, render_comparison_page]
RATE = {"name": "rate", "unit": "per second", "target": ">= 10"}


def figure(value: float, **changes) -> Figure:
    return Figure(**({"name": "took", "value": value, "unit": "s", "target": "< 1s", "held": True} | changes))


def compared(*runs):
    """
    Runs, each given as one figure or None for each of some scenarios.
    """
    return compare_runs(
        [
            (f"v{place}", sample.results([outcome(number, one) for number, one in enumerate(figures)]))
            for place, figures in enumerate(runs)
        ]
    )


def outcome(number: int, one: Figure | None):
    return sample.outcome(name=f"performance/{number}", figures=[one] if one else [])


def test_a_kind_of_figure_is_told_by_its_medians():
    runs = [[figure(by * value) for value in (0.1, 0.2, 0.9)] for by in (1, 3, 2)]

    assert [(one.what, one.of, one.values, one.ratio) for one in compared(*runs).trends] == [
        ("took", 3, pytest.approx([0.2, 0.6, 0.4]), pytest.approx(2))
    ]


def test_what_one_run_has_not_measured_is_in_no_median():
    found = compared([figure(0.1), figure(0.9)], [figure(0.1), None], [figure(0.1), figure(0.9)])

    assert [(one.of, one.values) for one in found.trends] == [(1, [0.1, 0.1, 0.1])]


def test_fewer_pieces_a_second_are_slower():
    found = compared([figure(30, **RATE)], [figure(20, **RATE)], [figure(15, **RATE)])

    assert [one.ratio for one in found.trends] == [2]


def test_two_runs_need_no_trend():
    found = compared([figure(0.1)], [figure(0.2)])

    assert found.trends == []
    assert "over the runs" not in "".join(render(found) for render in FORMS)


@pytest.mark.parametrize("render", FORMS)
def test_every_form_has_each_figure_over_the_runs_and_the_change_in_percent(render):
    text = render(compared([figure(0.1)], [figure(0.15)], [figure(0.2)]))

    assert text.count("100 % slower") == 2  # the figure, and all of its kind
    assert text.count("List and get: one exchange (1 figure)") + text.count(r"one exchange \(1 figure\)") == 1


@pytest.mark.parametrize("render", FORMS[:2])
def test_a_text_has_a_bar_for_each_run(render):
    assert render(compared([figure(0.1)], [None], [figure(0.2)])).count("▅·█") == 1


def test_a_page_draws_a_point_for_each_run_that_measured():
    page = render_comparison_page(compared([figure(0.1)], [None], [figure(0.2, held=False)]))
    plot = re.search(r'<svg class="trend".*?</svg>', page)[0]

    assert re.findall(r"<title>(.*?)</title>", plot) == ["v0: 100.0 ms", "v2: 200.0 ms"]
    assert plot.count('"missed"') == 1
    assert 'aria-label="100.0 ms, -, 200.0 ms"' in plot


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1, 2, 4], "▃▅█"),
        ([4, 4.01, 4], "███"),  # what hardly changes looks so
        ([None, 1, None], "·█·"),
        ([0, 0, 0], "▁▁▁"),
        ([None, None, None], "···"),
    ],
)
def test_bars_stand_on_zero(values, shown):
    assert bars(values) == shown


def test_a_line_is_broken_where_a_run_has_no_value():
    assert re.sub(r"[\d. ]", "", drawn([1, 2, None, 2, 1]).line) == "MLML"


def test_a_line_stays_in_its_picture():
    points = drawn([0, 3, None, 1e9, 2]).points

    assert all(0 < x < WIDTH and 0 < y < HEIGHT for _, x, y in points)


def test_a_comparison_with_trends_can_be_read_again():
    found = compared([figure(0.1)], [figure(0.15)], [figure(0.2)])

    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found
