"""
A server of another stack, written from the contract alone, keeps what it declares of it: what the suite wants is the
contract, and not the habits of the reference server.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.loading.places import builtin_profiles

SECOND = Path(__file__).parents[1] / "interop" / "second_server"
PACKAGES = str(Path(find_spec("conformance").origin).parents[1])  # type: ignore[union-attr,arg-type]
TOKENS = {f"THREADGAUGE_TOKEN_{name.upper()}": f"second-{name}-4711" for name in ("alice", "bob", "carol", "dave")}
LONGEST = 300  # seconds; 12 on an idle machine
ELSEWHERE = {"fastapi", "starlette", "sqlalchemy", "uvicorn", "reference_server", "conformance"}


def played(dialect: str, folder: Path) -> list[dict[str, Any]]:
    store = folder / "second.db"
    store.touch()
    start = [sys.executable, str(SECOND / "server.py"), "--port", "{port}", "--upstream", "{upstream}"]
    start += ["--db", str(store), "--limited", TOKENS["THREADGAUGE_TOKEN_DAVE"]]
    command = [sys.executable, "-m", "conformance.cli", "run", f"http://127.0.0.1:{{port}}/{dialect}", "--quiet"]
    command += ["--target-cmd", " ".join(start), "--profile", str(SECOND / f"{dialect}.yaml"), "--seed", "1"]
    command += ["--db", f"sqlite:///{store}", "--output", "report"]
    where = {**os.environ, **TOKENS, "PYTHONPATH": PACKAGES}
    done = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, timeout=LONGEST)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    outcomes: list[dict[str, Any]] = json.loads((folder / "report" / "results.json").read_text("utf-8"))["outcomes"]
    return outcomes


def busy(outcome: dict[str, Any]) -> bool:
    """
    A machine that was too busy for a figure says nothing of the server.
    """
    return outcome["area"] == "performance" and outcome["kind"] in ("inconclusive", "deviation")


@pytest.mark.parametrize(("dialect", "least"), [("anita", 300), ("completions", 250)])
def test_the_second_server_passes_everything_it_declares(dialect: str, least: int, tmp_path: Path):
    outcomes = played(dialect, tmp_path)

    wrong = [
        (
            one["name"],
            one["kind"],
            one.get("reason") or [line for found in one["differences"] for line in found["lines"]],
        )
        for one in outcomes
        if one["kind"] not in ("passed", "unsupported") and not busy(one)
    ]
    assert wrong == []
    assert Counter(one["kind"] for one in outcomes)["passed"] > least


@pytest.mark.parametrize("dialect", ["anita", "completions"])
def test_the_second_server_declares_what_the_first_does_but_one_thing(dialect: str):
    second = yaml.safe_load((SECOND / f"{dialect}.yaml").read_text("utf-8"))
    first = yaml.safe_load(builtin_profiles()[dialect].read_text("utf-8"))

    assert set(first["capabilities"]) - set(second["capabilities"]) == {"several-processes"}
    assert all(second["policies"][name] != first["policies"][name] for name in second["policies"])


def test_the_second_server_takes_nothing_from_the_first():
    tree = ast.parse((SECOND / "server.py").read_text("utf-8"))
    plain = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    taken = {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in plain | taken} & ELSEWHERE == set()
