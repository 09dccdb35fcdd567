"""
A baseline against outcomes.
"""

from datetime import date

import msgspec
import pytest

from conformance.engine.baseline import Playable, against, recorded, settled
from conformance.model.baseline import Entry
from conformance.model.outcome import Difference, Outcome

TODAY = date(2026, 11, 21)
ALL = Playable({"recall/order", "recall/order[n=2]", "recall/whole", "delete/gone"}, {"anita", "guide"})


def entry(fails: str, **changes) -> Entry:
    return Entry(**({"fails": fails, "reason": "Our issue 12", "place": "known.yaml:2"} | changes))


def outcome(kind: str = "failed", name: str = "recall/order", profile: str = "anita", checks=("prompt",)) -> Outcome:
    differences = [Difference(check=one, step="1", at="", witness="wire", lines=[f"{one} differs"]) for one in checks]
    return Outcome(
        kind=kind,
        scenario=name.partition("[")[0],
        name=name,
        title="It is so",
        profile=profile,
        requirement="recall/order",
        level="MUST",
        sentence="It must be so.",
        area="recall",
        differences=differences if kind in ("failed", "deviation") else [],
    )


def state(one: Entry, *outcomes: Outcome, playable: Playable | None = ALL) -> Entry:
    return settled([one], [against(seen, [one], TODAY) for seen in outcomes], playable, TODAY)[0]


@pytest.mark.parametrize(
    "fails",
    ["recall/order", "recall/order@anita", "recall/order@anita#prompt", "recall/*", "*@anita", "recall/orde?#prom*"],
)
def test_a_failure_that_an_entry_names_is_known(fails):
    found = against(outcome(), [entry(fails)], TODAY)

    assert (found.kind, found.known) == ("known failure", [fails])
    assert found.reason == "known: Our issue 12"


@pytest.mark.parametrize("fails", ["recall/whole", "recall/order@guide", "recall/order#status", "recall", "recall/o"])
def test_a_failure_that_no_entry_names_stays_one(fails):
    assert against(outcome(), [entry(fails)], TODAY) == outcome()


def test_a_deviation_is_known_too():
    assert against(outcome("deviation"), [entry("recall/*")], TODAY).kind == "known failure"


def test_a_new_difference_is_not_hidden_behind_a_known_one():
    found = against(outcome(checks=("prompt", "status")), [entry("recall/order#prompt")], TODAY)

    assert found.kind == "failed"
    assert found.reason == "the baseline knows of recall/order#prompt, not of this: #status"


def test_two_entries_together_can_know_all_differences():
    entries = [entry("recall/order#prompt"), entry("recall/order#status")]

    assert against(outcome(checks=("prompt", "status")), entries, TODAY).kind == "known failure"


@pytest.mark.parametrize("kind", ["error", "inconclusive", "unsupported"])
def test_what_was_not_judged_is_neither_known_nor_fixed(kind):
    one = entry("recall/order")

    assert against(outcome(kind), [one], TODAY) == outcome(kind)
    assert state(one, outcome(kind)).state == "not judged"


def test_an_entry_that_passes_is_fixed():
    one = entry("recall/order")

    assert against(outcome("passed"), [one], TODAY).kind == "fixed"
    assert state(one, outcome("passed")).state == "fixed"


def test_an_entry_without_a_dialect_says_that_it_fails_in_all():
    found = state(entry("recall/order"), outcome(), outcome("passed", profile="guide"))

    assert (found.state, found.told) == ("fixed", "recall/order@guide passes: take it out of the baseline")


def test_a_pattern_holds_as_long_as_one_of_what_it_names_fails():
    one = entry("recall/*")

    assert state(one, outcome(), outcome("passed", "recall/whole")).state == "known"
    assert state(one, outcome("passed"), outcome("passed", "recall/whole")).state == "fixed"


def test_a_pattern_of_which_only_a_part_was_played_is_not_fixed():
    assert state(entry("recall/*"), outcome("passed")).state == "not judged"


def test_what_a_pattern_names_may_pass():
    assert against(outcome("passed"), [entry("recall/*")], TODAY).kind == "passed"


def test_a_check_that_no_longer_fails_is_fixed_though_another_does():
    found = state(entry("recall/order#status"), outcome())

    assert (found.state, found.told) == ("fixed", "it no longer fails by #status: take it out of the baseline")


def test_an_example_is_named_in_its_brackets():
    one = entry("recall/order[n=2]@anita")

    assert against(outcome(name="recall/order[n=2]"), [one], TODAY).kind == "known failure"
    assert against(outcome(name="recall/order[n=3]"), [one], TODAY).kind == "failed"


@pytest.mark.parametrize(("day", "kind"), [(TODAY, "known failure"), (date(2026, 11, 20), "failed")])
def test_an_entry_holds_until_the_end_of_its_last_day(day, kind):
    one = entry("recall/order", expires=day)

    assert against(outcome(), [one], TODAY).kind == kind
    assert (state(one, outcome()).state == "expired") is (kind == "failed")


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        ("recall/ordr", "no scenario is called `recall/ordr`; did you mean `recall/order`?"),
        ("zzz/*", "no scenario is called `zzz/*`"),
        ("recall/order@gude", "no dialect is called `gude`; did you mean `guide`?"),
    ],
)
def test_an_entry_that_can_match_nothing_says_so(fails, told):
    found = state(entry(fails))

    assert (found.state, found.told) == ("matches nothing", told)


@pytest.mark.parametrize("fails", ["recall/whole", "delete/gone@guide", "recall/whole[n=9]"])
def test_an_entry_outside_of_the_selection_is_neither_fixed_nor_unmatched(fails):
    assert state(entry(fails), outcome()).state == "not played"


def test_nothing_matches_nothing_where_it_is_not_known_what_there_is():
    assert state(entry("recall/ordr"), playable=None).state == "not played"


def test_what_is_recorded_knows_all_failures_and_keeps_the_reasons_that_were_given():
    outcomes = [outcome(), outcome(name="recall/whole"), outcome("passed", "delete/gone")]
    old = [entry("recall/order@anita"), entry("delete/gone"), entry("zzz")]
    judged = [against(one, old, TODAY) for one in outcomes]

    found = recorded(settled(old, judged, ALL, TODAY), judged, TODAY, strict=False)

    assert [one.fails for one in found] == ["recall/order@anita", "recall/whole@anita"]
    assert [one.reason for one in found] == ["Our issue 12", "recorded 2026-11-21: prompt differs"]


def test_a_deviation_is_recorded_only_where_it_fails_the_run():
    assert recorded([], [outcome("deviation")], TODAY, strict=False) == []
    assert len(recorded([], [outcome("deviation")], TODAY, strict=True)) == 1


def test_an_outcome_that_the_baseline_does_not_name_is_not_changed():
    seen = msgspec.structs.replace(outcome(), reason="own words")

    assert against(seen, [entry("delete/gone")], TODAY) is seen
