"""
A target that the run starts itself: it is ready when it answers a turn, can be killed, and ends with the run.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.cli import main
from conformance.driver import owned
from conformance.driver.http import Wire
from conformance.driver.owned import Processes
from conformance.driver.processes import Launched, launched
from conformance.engine.effects import Process

SERVER = f"{shlex.quote(sys.executable)} -m reference_server --dialect anita --port {{port}} --db {{db}}"
ANSWERS = "import time; print('up', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {ANSWERS}"
ONE = "id: mine/one\ntitle: One\nsteps:\n  - chat: {thread: t, say: 'Hi ${canary}'}\n"
ROOT = Path(__file__).parents[2]
BROKEN = "import sys; sys.exit('no such table: threads')"


def run(folder: Path, command: str, *options: str) -> Result:
    db = f"sqlite:///{folder / 'mine.db'}"
    words = ["run", "--target-cmd", command, "-p", "anita", "--db", db, "-o", str(folder / "report"), "-q", *options]
    return CliRunner().invoke(main, words)


def outcomes(folder: Path) -> dict[str, str]:
    results = json.loads((folder / "report" / "results.json").read_text())
    return {one["scenario"]: one["kind"] for one in results["outcomes"]}


def test_a_users_server_is_started_and_killed(tmp_path: Path):
    chosen = ("durability/killed-in-the-middle", "storage/turn-is-in-the-store")

    result = run(tmp_path, f"{SERVER} --upstream {{upstream}}", *(word for one in chosen for word in ("-s", one)))

    assert result.exit_code == 0, result.output
    assert outcomes(tmp_path) == dict.fromkeys(chosen, "passed")


def test_a_server_that_does_not_start_is_shown_with_its_last_words(tmp_path: Path):
    result = run(tmp_path, f"{sys.executable} -c {shlex.quote(BROKEN)} {{port}}")

    assert result.exit_code == 2
    assert "the target ended before it answered: no such table: threads" in result.output


def test_a_command_without_a_port_is_refused(tmp_path: Path):
    result = run(tmp_path, f"{sys.executable} -m http.server")

    assert result.exit_code == 2
    assert "does not say where the port belongs" in result.output


def test_the_plugin_starts_a_server_too(tmp_path: Path):
    (tmp_path / "one.yaml").write_text(ONE)
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "-p", "no:cacheprovider", "-q", "one.yaml"]
    mine = ["--target-cmd", f"{SERVER} --upstream {{upstream}}", "--target-profile", "anita"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    ended = subprocess.run(
        [*command, *mine, "--target-db", f"sqlite:///{tmp_path / 'mine.db'}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout


@asynccontextmanager
async def processes(folder: Path, *codes: str) -> AsyncIterator[Processes]:
    """
    Processes that run these programs, one after the other; each is there when it has said so.
    """
    waiting = iter(codes)

    async def launch(environment: Mapping[str, str]) -> Launched:
        words = [sys.executable, "-c", next(waiting)]
        process = await launched(words, folder / "log", environment, speaks=True)
        assert process.process.stdout is not None
        await process.process.stdout.readline()
        process.url = "http://127.0.0.1:9"
        return process

    async with Processes(launch, Wire).begun() as begun:
        yield begun


def test_a_server_that_has_ended_by_itself_is_found_out(tmp_path: Path):
    async def problem() -> str | None:
        async with processes(tmp_path, "print('up', flush=True); raise SystemExit('out of memory')") as begun:
            await begun._processes[0].ended(10)
            assert begun.fallen == ["out of memory"]
            return (await begun.perform(Process("kill"))).problem

    assert asyncio.run(problem()) == "the target had ended by itself: out of memory"


def test_a_server_that_does_not_hear_that_it_shall_end_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(owned, "GRACE", 0.2)

    async def problem() -> str | None:
        async with processes(tmp_path, DEAF, ANSWERS) as begun:
            await begun.perform(Process("terminate"))
            return (await begun.perform(Process("restart"))).problem

    assert asyncio.run(problem()) == "it had not ended 0.2 s after SIGTERM"


def test_a_stopped_process_goes_on(tmp_path: Path):
    async def problems() -> list[str | None]:
        async with processes(tmp_path, ANSWERS, ANSWERS) as begun:
            acts = (Process("stop"), Process("continue"), Process("kill"), Process("restart"))
            return [(await begun.perform(act)).problem for act in acts]

    assert asyncio.run(problems()) == [None] * 4
