"""
A recorded run, judged again in a copied folder: the same verdicts, without the target, without a network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PACKAGES = str(Path(find_spec("conformance").origin).parents[1])  # type: ignore[union-attr,arg-type]

OFFLINE = """
import socket, sys
def refuse(*_): raise AssertionError("the network was asked for")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from conformance.cli import main
main(sys.argv[1:], prog_name="threadgauge")
"""


def python(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    where = {**os.environ, "PYTHONPATH": PACKAGES}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=where, capture_output=True, text=True, timeout=60)


def judge(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return python("-c", OFFLINE, "judge", *words, cwd=cwd)


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A run with failures, and with texts that no UTF-8 file can hold.
    """
    cwd = tmp_path_factory.mktemp("recorded")
    selected = ["encoding", "recall", "errors/wrong-text"]
    words = [word for one in selected for word in ("--select", one)]
    defects = ["--defect", "no-history-sent", "--defect", "validation-is-a-crash"]
    done = python("-m", "conformance.cli", "run", *defects, *words, "--seed", "3", cwd=cwd)
    assert done.returncode == 1, done.stderr
    return cwd / "threadgauge-report"


def test_a_copied_folder_gets_the_same_verdicts(recorded: Path, tmp_path: Path):
    copied = shutil.copytree(recorded, tmp_path / "elsewhere")
    (copied / "results.json").unlink()
    done = judge("elsewhere", cwd=tmp_path)

    before, after = results(recorded), results(copied)
    assert (done.returncode, done.stderr) == (1, "")
    assert after["outcomes"] == before["outcomes"]
    assert {key: one for key, one in after.items() if key != "notes"} == before
    assert any("lone" in one["name"] or "surrogate" in one["name"] for one in after["outcomes"])


def test_with_output_the_recorded_folder_stays_as_it_is(recorded: Path, tmp_path: Path):
    copied = shutil.copytree(recorded, tmp_path / "kept")
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*")}
    judge("kept", "--output", "anew", cwd=tmp_path)

    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*")} == before
    again = judge("anew", cwd=tmp_path)
    assert again.returncode == 1
    assert results(tmp_path / "anew")["outcomes"] == results(recorded)["outcomes"]


def test_what_the_run_was_strict_about_is_asked_anew(recorded: Path, tmp_path: Path):
    judge(str(recorded), "--output", "strict", "--strict", "--require-conclusive", cwd=tmp_path)

    anew = results(tmp_path / "strict")
    assert (anew.get("strict"), anew.get("require_conclusive")) == (True, True)
    assert results(recorded).get("strict") is None


def asked(folder: Path, **changes: Any) -> Path:
    """
    The folder as that of a run that was asked for this.
    """
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(run | {"asked": run["asked"] | changes}), encoding="utf-8")
    return folder


def test_what_the_run_was_asked_for_is_asked_again_unless_it_is_taken_back(recorded: Path, tmp_path: Path):
    asked(shutil.copytree(recorded, tmp_path / "asked"), strict=True, require_conclusive=True)
    judge("asked", "--output", "same", cwd=tmp_path)
    judge("asked", "--output", "other", "--no-strict", "--no-require-conclusive", cwd=tmp_path)

    same, other = results(tmp_path / "same"), results(tmp_path / "other")
    assert (same.get("strict"), same.get("require_conclusive")) == (True, True)
    assert (other.get("strict"), other.get("require_conclusive")) == (None, None)


def test_what_was_not_played_is_still_said(recorded: Path, tmp_path: Path):
    asked(shutil.copytree(recorded, tmp_path / "short"), unplayed=["recall/long@anita"])
    done = judge("short", cwd=tmp_path)

    assert "Not played, beyond --max-turns: 1 (recall/long@anita;" in " ".join(done.stdout.split())
    assert results(tmp_path / "short")["unplayed"] == ["recall/long@anita"]


def test_a_baseline_may_still_name_a_scenario_of_ones_own_that_was_not_played(recorded: Path, tmp_path: Path):
    entry = {"fails": "mine/slow", "reason": "not yet", "place": "known.yaml:2"}
    asked(shutil.copytree(recorded, tmp_path / "mine"), baseline=[entry], own=["mine/slow"])
    judge("mine", cwd=tmp_path)

    assert [one["state"] for one in results(tmp_path / "mine")["baseline"]] == ["not played"]


def test_a_run_of_an_earlier_version_was_asked_what_its_results_say(recorded: Path, tmp_path: Path):
    copied = shutil.copytree(recorded, tmp_path / "old")
    run = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    del run["asked"]
    (copied / "run.json").write_text(json.dumps(run), encoding="utf-8")
    before = results(copied) | {"strict": True, "unplayed": ["recall/long@anita"]}
    (copied / "results.json").write_text(json.dumps(before), encoding="utf-8")
    judge("old", "--output", "new", cwd=tmp_path)

    after = results(tmp_path / "new")
    assert (after["strict"], after["unplayed"]) == (True, ["recall/long@anita"])


def broken_run(folder: Path, name: str, text: str) -> None:
    (folder / "transcripts").mkdir()
    run = {"version": "0", "seed": 1, "started": "", "duration": 0, "profiles": [], "requirements": []}
    (folder / "run.json").write_text(json.dumps(run))
    (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [("run.json", "{"), ("run.json", '{"seed": "x"}'), ("run.json", ""), ("transcripts/a.json", "[1, 2]")],
)
def test_a_folder_that_cannot_be_read_is_one_sentence(name: str, text: str, tmp_path: Path):
    broken_run(tmp_path, name, text)
    done = judge(".", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("threadgauge: . cannot be read (")
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_that_is_no_run_is_one_sentence(tmp_path: Path):
    done = judge("nowhere", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "threadgauge: nowhere is no run folder: nowhere/run.json is missing\n"


def test_a_transcript_of_a_profile_that_is_not_recorded_is_one_sentence(recorded: Path, tmp_path: Path):
    copied = shutil.copytree(recorded, tmp_path / "less")
    run = json.loads((copied / "run.json").read_text())
    run["profiles"] = run["profiles"][:1]
    (copied / "run.json").write_text(json.dumps(run))
    done = judge("less", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == "threadgauge: less has transcripts of profile assistants, which run.json does not hold\n"


def test_a_verdict_that_changed_is_named_with_what_changed_of_ours(recorded: Path, tmp_path: Path):
    copied = shutil.copytree(recorded, tmp_path / "older")
    before = results(copied)
    one = next(found for found in before["outcomes"] if found["kind"] == "failed" and _checks(found) == ["prompt"])
    check = "prompt"
    one["kind"] = "passed"
    before["suite"]["checks"][check] = "0" * 12
    before["suite"]["scenarios"] = {}
    (copied / "results.json").write_text(json.dumps(before), encoding="utf-8")
    done = judge("older", "--output", "newer", cwd=tmp_path)

    notes = results(tmp_path / "newer")["notes"]
    assert done.returncode == 1
    assert "1 verdict changed since it was recorded:" in notes
    told = f"{one['name']} [{one['profile']}]: passed → failed, because: check {check} was changed"
    assert any(told in note for note in notes)


def _checks(outcome: dict[str, Any]) -> list[str]:
    return sorted({one["check"] for one in outcome.get("differences", [])})


def test_a_scenario_that_was_edited_since_is_named(recorded: Path, tmp_path: Path):
    copied = shutil.copytree(recorded, tmp_path / "older")
    run = json.loads((copied / "run.json").read_text(encoding="utf-8"))
    run["scenarios"]["recall/no-doubling"] = "0" * 12
    (copied / "run.json").write_text(json.dumps(run), encoding="utf-8")
    judge("older", cwd=tmp_path)

    told = "1 scenario edited since: recall/no-doubling; judged as recorded, so play it again"
    assert results(copied)["notes"] == [told]
