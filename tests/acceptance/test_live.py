"""
`--live`: a server whose model is not ours, and says what it likes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from other_model import OtherModel, other_model

ROOT = Path(__file__).parents[2]
STORED = "storage/seed-test-1-basic-message-storage"
RECALLED = "recall/seed-test-2-conversation-history"
PROMPTED = "recall/first-turn-reaches-the-model"


def played(folder: Path, model: OtherModel, *words: str, defect: str = "") -> tuple[dict[str, Any], str]:
    """
    The results, and what the terminal was told.
    """
    server = f"{sys.executable} -m reference_server --dialect anita --port {{port}} --db sqlite:///own.db"
    server += f" --upstream {model.url}" + (f" --defect {defect}" if defect else "")
    command = [sys.executable, "-m", "conformance.cli", "run", "--live", "--target-cmd", server, "-p", "anita"]
    chosen = [word for name in (STORED, RECALLED, PROMPTED) for word in ("-s", name)]
    where = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *chosen, *words], cwd=folder, env=where, capture_output=True, text=True, check=False
    )
    file = folder / "threadgauge-report" / "results.json"
    return (json.loads(file.read_text()) if file.exists() else {}), done.stdout + done.stderr


def kinds(results: dict[str, Any]) -> dict[str, str]:
    return {one["scenario"]: one["kind"] for one in results["outcomes"]}


def test_what_can_be_known_is_judged_and_the_rest_is_never_green(tmp_path: Path):
    with other_model() as model:
        results, told = played(tmp_path, model)
    page = (tmp_path / "threadgauge-report" / "index.html").read_text()
    summary = (tmp_path / "threadgauge-report" / "summary.md").read_text()

    assert kinds(results) == {STORED: "passed", RECALLED: "inconclusive", PROMPTED: "inconclusive"}
    assert results["live"]
    for text in (told, page, summary):
        assert "Live: a real model answered." in text


def test_a_broken_server_is_red_in_few_turns(tmp_path: Path):
    with other_model() as model:
        results, told = played(tmp_path, model, "--max-turns", "3", defect="assistant-never-stored")

    assert kinds(results)[STORED] == "failed"
    assert results["unplayed"] == [f"{RECALLED}@anita"]
    assert f"Not played, beyond --max-turns: 1 ({RECALLED}@anita; all are in results.json)." in " ".join(told.split())
    assert model.turns <= 3


def test_a_model_that_is_overloaded_is_nobody_s_failure(tmp_path: Path):
    with other_model(failing=True) as model:
        results, _ = played(tmp_path, model)

    assert "failed" not in kinds(results).values()
    assert "its model failed or refused" in json.dumps(results["outcomes"])


def test_a_real_model_and_our_own_exclude_each_other(tmp_path: Path):
    with other_model() as model:
        _, told = played(tmp_path, model, "--upstream", "127.0.0.1:0")

    assert "--live means that a real model answers; with --upstream the witness does" in told
