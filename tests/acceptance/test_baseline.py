"""
A baseline in a run: written, held against, and out of date when the server is repaired.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

PACKAGES = str(Path(find_spec("conformance").origin).parents[1])  # type: ignore[union-attr,arg-type]
SELECTED = [
    "--profile",
    "anita",
    "--select",
    "recall/no-doubling",
    "--select",
    "storage/seed-test-1-basic-message-storage",
    "--seed",
    "3",
]
BROKEN = ["--defect", "no-history-sent"]


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conformance.cli", "run", *SELECTED, *words]
    where = {**os.environ, "PYTHONPATH": PACKAGES}
    return subprocess.run(command, cwd=cwd, env=where, capture_output=True, text=True, timeout=60, check=False)


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "threadgauge-report" / "results.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    cwd = tmp_path_factory.mktemp("baseline")
    return cwd, run(*BROKEN, "--write-baseline", "known.yaml", cwd=cwd)


def test_a_written_baseline_makes_the_run_conform(recorded: Any) -> None:
    cwd, done = recorded

    assert done.returncode == 0, done.stdout + done.stderr
    assert "baseline: known.yaml knows 1 failure, 1 of them new: give each a reason" in done.stderr
    assert '- fails: "recall/no-doubling@anita"' in (cwd / "known.yaml").read_text(encoding="utf-8")
    assert {one["kind"] for one in results(cwd)["outcomes"]} == {"known failure", "passed"}


def test_a_run_that_conforms_by_its_written_baseline_still_does_when_it_is_judged_again(recorded: Any) -> None:
    cwd, _ = recorded
    command = [sys.executable, "-m", "conformance.cli", "judge", "threadgauge-report", "--output", "again"]
    where = {**os.environ, "PYTHONPATH": PACKAGES}
    done = subprocess.run(command, cwd=cwd, env=where, capture_output=True, text=True, timeout=60, check=False)
    again = json.loads((cwd / "again" / "results.json").read_text(encoding="utf-8"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert (again["outcomes"], again["baseline"]) == (results(cwd)["outcomes"], results(cwd)["baseline"])


@pytest.fixture(scope="module")
def repaired(recorded: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """
    The server without its defect, against what was recorded and two entries more: misspelt, and not selected.
    """
    cwd = tmp_path_factory.mktemp("repaired")
    known = (recorded[0] / "known.yaml").read_text(encoding="utf-8")
    added = ["recall/no-dubling", "order/oldest-first"]
    text = "".join(f"  - fails: {one}\n    reason: because\n" for one in added)
    (cwd / "known.yaml").write_text(known + text, encoding="utf-8")
    return cwd, run("--baseline", "known.yaml", cwd=cwd)


def test_a_repaired_server_fails_until_the_entry_is_taken_out(repaired: Any) -> None:
    _, done = repaired
    told = " ".join(done.stdout.split())

    assert done.returncode == 1
    assert "fixed: known.yaml:4: recall/no-doubling@anita: it passes: take it out of the baseline" in told
    assert done.stdout.strip().endswith("; 2 entries of the baseline out of date.")


def test_an_entry_that_matches_nothing_is_named_and_one_that_was_not_played_is_left_alone(repaired: Any) -> None:
    cwd, done = repaired

    assert [one.get("state", "not played") for one in results(cwd)["baseline"]] == [
        "fixed",
        "matches nothing",
        "not played",
    ]
    assert "did you mean `recall/no-doubling`?" in " ".join(done.stdout.split())


def test_a_mistake_in_the_file_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("known:\n  - fails: recall/no-doubling\n", encoding="utf-8")
    done = run("--baseline", "known.yaml", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert "known.yaml:2:5: `known` needs `reason`" in done.stderr
