"""
`threadgauge compare` on recorded runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = str(Path(find_spec("conformance").origin).parents[1])  # type: ignore[union-attr,arg-type]
SELECTED = ["--profile", "anita", "--select", "recall/no-doubling", "--select", "performance/one-thread"]


def threadgauge(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    where = {**os.environ, "PYTHONPATH": PACKAGES}
    command = [sys.executable, "-m", "conformance.cli", *words]
    return subprocess.run(command, cwd=cwd, env=where, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cwd = tmp_path_factory.mktemp("compare")
    threadgauge("run", *SELECTED, "--output", "old", "--seed", "3", cwd=cwd)
    threadgauge("run", *SELECTED, "--output", "new", "--seed", "3", "--defect", "no-history-sent", cwd=cwd)
    return cwd


def test_a_server_that_got_worse_ends_with_1(runs: Path) -> None:
    done = threadgauge("compare", "old", "new", "--html", "c.html", "--markdown", "c.md", cwd=runs)

    assert done.returncode == 1, done.stderr
    assert "MUST recall/no-doubling [anita]: passed → failed" in done.stdout
    assert "may be ours:" not in done.stdout
    assert all("recall/no" in (runs / name).read_text(encoding="utf-8") for name in ("c.html", "c.md"))


def test_a_server_that_got_better_ends_with_0(runs: Path) -> None:
    done = threadgauge("compare", "new", "old", "--json", cwd=runs)
    found = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    assert [(one["name"], one["change"]) for one in found["verdicts"]] == [("recall/no-doubling", "better")]
    assert [one["name"] for one in found["figures"]] == ["performance/one-thread"]
    assert found["runs"][0]["kill"]["caught"] > 300


@pytest.mark.parametrize(("words", "said"), [(["old"], "give two runs"), (["old", "."], "is no run folder")])
def test_what_cannot_be_compared_is_said(runs: Path, words: list[str], said: str) -> None:
    done = threadgauge("compare", *words, cwd=runs)

    assert done.returncode == 2
    assert said in done.stderr
