"""
Which scenarios a run plays.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.commands.compare import compare_command
from conformance.commands.documents import Documents, load_documents
from conformance.commands.planning import chosen, failed_in, narrowed, render_plan, turns_in, within
from conformance.commands.recorded import read_results
from conformance.commands.selection import Planned, Selection, Shard
from conformance.errors import NothingSelected, UsageError
from conformance.reporting.jsonfile import render_json
from tests.unit.reporting.sample import outcome, results


@pytest.fixture(scope="module")
def documents() -> Documents:
    return load_documents([], ["anita", "guide"])


def names(planned: list[Planned]) -> list[str]:
    return [one.name for one in planned]


def test_without_a_choice_everything_is_played(documents):
    everything = chosen(documents, Selection())

    assert {one.profile.profile for one in everything} == {"anita", "guide"}
    assert {one.scenario.id for one in everything} == {one.id for one in documents.scenarios}


def test_an_area_is_that_of_the_requirement(documents):
    found = chosen(documents, Selection(areas=["recall"], dialects=["guide"]))

    assert found
    assert all((one.scenario.requirement or one.scenario.id).startswith("recall/") for one in found)
    assert narrowed(documents, found).profiles == [documents.profiles[1]]


def test_of_one_kind_any_will_do_and_all_kinds_must_hold(documents):
    both = chosen(documents, Selection(areas=["recall", "titles"], levels=["SHOULD"]))

    assert {one.scenario.id.split("/")[0] for one in both} >= {"titles"}
    assert {documents.requirements[one.scenario.requirement or one.scenario.id].level for one in both} == {"SHOULD"}


def test_a_requirement_is_shown_by_all_of_its_scenarios(documents):
    found = chosen(documents, Selection(requirements=["storage/turn-is-stored"]))

    assert "storage/turn-is-in-the-store" in names(found)
    assert {one.scenario.requirement or one.scenario.id for one in found} == {"storage/turn-is-stored"}


def test_a_capability_selects_what_needs_it(documents):
    found = chosen(documents, Selection(capabilities=["retry"], dialects=["anita"]))

    assert "retry/same-turn-twice" in names(found)
    assert "recall/first-turn-reaches-the-model" not in names(found)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Selection(areas=["recal"]), r"no scenario has --area recal. Did you mean recall\?"),
        (Selection(capabilities=["retri"]), r"--capability retri. Did you mean retry\?"),
        (Selection(dialects=["anito"]), r"--dialect anito. Did you mean anita\?"),
        (Selection(requirements=["turn-is-stord"]), "Did you mean storage/turn-is-stored"),
        (Selection(patterns=["storage", "recal"]), r"matches recal. Did you mean recall\?"),
        (Selection(patterns=["titles"], areas=["recall"]), "left by --select titles and --area recall"),
        (Selection(since=frozenset(), earlier="old"), "--since old: nothing failed in that run"),
        (Selection(since=frozenset({("anita", "gone")}), earlier="old"), "no scenario is left by --since old"),
        (Selection(patterns=["titles/default-title"], dialects=["anita"], shard=Shard(2, 2)), "and --shard 2/2"),
    ],
)
def test_what_names_or_leaves_nothing_is_an_error_that_says_which(wanted, said, documents):
    with pytest.raises(NothingSelected, match=said):
        chosen(documents, wanted)


def test_shards_are_parts_of_the_whole_and_equally_large(documents):
    parts = [chosen(documents, Selection(shard=Shard(number, 5))) for number in range(1, 6)]
    sizes = [len(part) for part in parts]

    assert max(sizes) - min(sizes) <= 1
    assert sorted(one.key for part in parts for one in part) == sorted(
        one.key for one in chosen(documents, Selection())
    )


def test_shards_are_the_same_whatever_the_order_of_the_files(documents):
    turned = Documents(documents.scenarios[::-1], documents.profiles[::-1], documents.requirements)
    one = Selection(shard=Shard(2, 5))

    assert {each.key for each in chosen(turned, one)} == {each.key for each in chosen(documents, one)}


@pytest.mark.parametrize("text", ["0/5", "6/5", "2", "2/5/7", "a/b", "-1/2"])
def test_a_shard_is_a_part_of_a_number(text):
    with pytest.raises(UsageError, match="such as 2/5"):
        Shard.read(text)


def test_since_plays_what_failed_and_what_could_not_be_told(tmp_path: Path):
    kinds = ["passed", "failed", "inconclusive", "error", "unsupported", "deviation"]
    (tmp_path / "results.json").write_text(render_json(results([outcome(kind=kind, name=kind) for kind in kinds])))

    assert {name for _, name in failed_in(tmp_path)} == {"failed", "inconclusive", "error"}
    assert failed_in(tmp_path) == failed_in(tmp_path / "results.json")


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (None, "is no run folder: it has no results.json"),
        ("{", "is it of another version"),
        ("\xff", "is it of another version"),
        ("{}", "is it of another version"),
    ],
)
def test_an_earlier_run_that_cannot_be_read_is_told_alike_wherever_one_is_given(held, told, tmp_path: Path):
    if held is not None:
        (tmp_path / "results.json").write_text(held, encoding="latin-1")

    with pytest.raises(UsageError, match=re.escape(told)):
        read_results(tmp_path)
    with pytest.raises(UsageError, match=rf"^--since: .*{re.escape(told)}.*give the folder"):
        failed_in(tmp_path)
    with pytest.raises(UsageError, match=re.escape(told)):
        compare_command([tmp_path, tmp_path], None, None, as_json=False, strict=False, worse_by=None)


def test_a_run_is_given_by_its_folder_or_its_results(tmp_path: Path):
    file = tmp_path / "results.json"
    file.write_text(render_json(results([outcome()])))

    assert read_results(tmp_path) == read_results(file) == results([outcome()])


def test_a_plan_says_what_the_profile_takes_away(documents):
    wanted = Selection(patterns=["recall/window-of-none", "titles/default-title"], dialects=["anita"])
    *_, first, second, _, last = render_plan(chosen(documents, wanted)).splitlines()

    assert "(unsupported: profile anita does not declare windows)" in first + second
    assert last == "2 scenarios would be played, 1 of them unsupported; nothing was sent."


def test_few_turns_go_to_what_must_be_and_costs_least(documents):
    planned = chosen(documents, Selection(areas=["storage", "titles"], dialects=["anita"]))
    prompts = frozenset({"store", "upstream"})
    kept, unplayed = within(planned, 10, prompts, documents.requirements)
    idle = [one for one in planned if not turns_in([one], prompts)]

    assert 0 < turns_in(kept, prompts) <= 10
    assert {one.key for one in idle} <= {one.key for one in kept}
    assert [one.key for one in planned] == sorted([one.key for one in (*kept, *unplayed)], key=_place_in(planned))
    assert {documents.requirements[one.scenario.requirement or one.scenario.id].level for one in kept} >= {"MUST"}


def _place_in(planned: list[Planned]):
    keys = [one.key for one in planned]
    return keys.index


def test_enough_turns_are_enough_for_all(documents):
    planned = chosen(documents, Selection(areas=["storage"], dialects=["anita"]))

    assert within(planned, 10_000, frozenset(), documents.requirements) == (planned, [])


def test_a_name_may_be_given_as_a_report_shows_it(documents):
    wanted = Selection(patterns=[r"encoding/what-the-user-says[text=a\u2028b\u2029c\x85d]"])

    assert names(chosen(documents, wanted)) == ["encoding/what-the-user-says[text=a\u2028b\u2029c\x85d]"] * 2
