"""
Files of one's own: what is wrong with them is said with its place, and a new one is right as it stands.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.commands.linting import kind_of
from conformance.commands.watching import Replay, replay
from conformance.loading.places import PROFILES, shipped_scenarios
from conformance.loading.schema import KINDS

SCENARIO = "id: own/one\ntitle: One\nsteps:\n  - chat: {thread: t, say: Hi}\n    expect: {status: 200}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def threadgauge(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words))
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "words", [["scenario", "mine/one"], ["profile", "parley"], ["profile", "ours", "--like", "anita"]]
)
def test_what_is_new_lints_clean_and_begins_with_comments(folder: Path, words: list[str]):
    code, told = threadgauge("new", *words)

    assert code == 0
    assert told.startswith(f"{words[1]}.yaml is written. ")
    assert threadgauge("lint", ".") == (0, "1 file, no problems.\n")
    assert (folder / f"{words[1]}.yaml").read_text().startswith("# ")


def test_nothing_is_written_over(folder: Path):
    (folder / "parley.yaml").write_text("mine")

    assert threadgauge("new", "profile", "parley")[0] == 2
    assert (folder / "parley.yaml").read_text() == "mine"
    assert threadgauge("new", "profile", "parley", "--force")[0] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scenario", "Mine"], "'Mine' is no name of a scenario"),
        (["profile", "a/b"], "'a/b' is no name of a profile"),
        (["profile", "mine", "--like", "anito"], "the built-in profiles are anita"),
        (["scenario", "mine", "--like", "anita"], "--like is for a profile"),
    ],
)
def test_a_name_that_will_not_do_is_refused(words: list[str], said: str):
    code, told = threadgauge("new", *words)

    assert code == 2
    assert said in told


def test_every_problem_of_every_file_is_told_with_its_place(folder: Path):
    (folder / "one.yaml").write_text(SCENARIO.replace("status", "stauts"))
    (folder / "two.yaml").write_text("profile: mine\nextends: anita\npolicies: {histry: whole}\n")
    code, told = threadgauge("lint", ".")

    assert code == 1
    assert told.splitlines() == [
        "one.yaml:5:14: unknown field `stauts`",
        "  hint: did you mean `status`?",
        "two.yaml:3:12: the ledger has no policy `histry`",
        "  hint: did you mean `history`?",
        "2 files, 2 problems.",
    ]


def test_one_id_in_two_files_is_a_problem(folder: Path):
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(SCENARIO)

    assert "scenario `own/one` is also in one.yaml" in threadgauge("lint", ".")[1]


def test_github_is_told_where(folder: Path):
    (folder / "one.yaml").write_text(SCENARIO.replace("status", "stauts"))

    assert threadgauge("lint", "one.yaml", "--format", "github") == (
        1,
        "::error file=one.yaml,line=5,col=14::unknown field `stauts`%0Ahint: did you mean `status`?\n",
    )


def test_json_has_the_same(folder: Path):
    (folder / "one.yaml").write_text(SCENARIO.replace("status", "stauts"))
    told = threadgauge("lint", "one.yaml", "--format", "json")[1]

    assert [(one["file"], one["line"], one["column"]) for one in json.loads(told)] == [("one.yaml", 5, 14)]


def test_a_profile_can_be_asked_whether_it_has_what_the_steps_need(folder: Path):
    (folder / "one.yaml").write_text(SCENARIO + "  - share_thread: {thread: t}\n")

    assert threadgauge("lint", "one.yaml") == (0, "1 file, no problems.\n")
    assert threadgauge("lint", "one.yaml", "-p", "shadflare")[0] == 0
    assert 'one.yaml:6:5: profile "anita" has no operation' in threadgauge("lint", "one.yaml", "-p", "anita")[1]


def test_other_files_of_a_folder_are_left_alone(folder: Path):
    (folder / "compose.yaml").write_text("services: {}\n")
    (folder / "one.yaml").write_text(SCENARIO)

    assert threadgauge("lint", ".") == (0, "1 file, no problems.\n")


@pytest.mark.parametrize("path", ["nowhere.yaml", "."])
def test_where_there_is_nothing_to_look_at_that_is_said(path: str):
    code, told = threadgauge("lint", path)

    assert code == 2
    assert told.startswith("threadgauge: there is no ")


def test_kinds_are_told_by_their_keys():
    assert {kind_of(file) for file in PROFILES.glob("*.yaml")} == {"profile"}
    assert kind_of(shipped_scenarios() / "requirements.yaml") == "requirements"
    assert {kind_of(file) for file in (shipped_scenarios() / "recall").glob("*.yaml")} == {"scenario"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_has_a_schema(folder: Path, kind: str):
    code, told = threadgauge("schema", kind)

    assert code == 0
    assert json.loads(told)["title"] == KINDS[kind].__name__
    assert threadgauge("schema", kind, "-o", "it.json")[0] == 0
    assert (folder / "it.json").read_text() == told


def test_a_changed_scenario_asks_for_itself(folder: Path):
    (folder / "one.yaml").write_text(SCENARIO)

    assert replay({folder / "one.yaml", folder / "results.json", folder / "gone.yaml"}, []) == Replay(ids=("own/one",))


def test_a_changed_profile_asks_for_everything(folder: Path):
    (folder / "one.yaml").write_text(SCENARIO)
    (folder / "mine.yaml").write_text("profile: mine\nextends: anita\n")

    assert replay({folder / "one.yaml", folder / "mine.yaml"}, [folder / "mine.yaml"]).everything


def test_a_scenario_that_is_half_written_is_told_and_not_played(folder: Path):
    (folder / "one.yaml").write_text(SCENARIO.replace("status", "stauts"))
    wanted = replay({folder / "one.yaml"}, [])

    assert (wanted.ids, wanted.everything) == ((), False)
    assert "unknown field `stauts`" in wanted.wrong[0]
