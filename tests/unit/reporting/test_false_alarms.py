"""
Results of odd servers, kept over several runs and shown.
"""

from conformance.model.quirk import Trial, Trials
from conformance.reporting.false_alarms import filled, renewed, table


def trial(quirk: str, dialect: str, passed: int = 7, *alarms: str) -> Trial:
    verdict = "false alarm" if alarms else "green"
    return Trial(quirks=quirk.split("+"), dialect=dialect, verdict=verdict, passed=passed, alarms=list(alarms))


def trials(*alone: Trial, combined: tuple[Trial, ...] = (), scenarios: str = "some") -> Trials:
    return Trials(seed=1, scenarios=scenarios, alone=list(alone), combined=list(combined))


def test_what_was_played_before_in_other_dialects_is_kept():
    before = trials(trial("cr", "anita", 1), trial("cr", "guide", 2), combined=(trial("cr+gzip", "anita"),))
    found = renewed(before, trials(trial("cr", "guide", 3)))

    assert [(one.dialect, one.passed) for one in found.alone] == [("anita", 1), ("guide", 3)]
    assert len(found.combined) == 1


def test_two_sets_of_scenarios_are_not_mixed():
    before = trials(trial("cr", "anita"), scenarios="all")
    now = trials(trial("cr", "guide"))

    assert renewed(before, now) == now
    assert renewed(None, now) == now


def test_the_table_counts_alarms_and_shows_what_passed():
    lines = list(table(trials(trial("cr", "anita", 7), trial("gzip", "guide", 5, "a/b: failed: no"))))

    assert lines[0] == "2 quirks in 2 trials, 0 combinations: 1 false alarms."
    assert "| `cr` | 7 |  |" in lines
    assert "| `gzip` |  | **1 alarms** |" in lines


def test_the_table_is_written_between_its_marks():
    page = "# Page\n<!-- table: false-alarms -->\nold\n<!-- end -->\nrest\n"
    found = filled(page, trials(trial("cr", "anita")))

    assert "old" not in found
    assert found.endswith("<!-- end -->\nrest\n")
    assert filled(found, trials(trial("cr", "anita"))) == found
