"""
What a person sees while a run is under way, on a terminal and in a log.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from conformance.commands.progress import QUARTERS

ROOT = Path(__file__).parents[2]
RECALL = "recall/first-turn-reaches-the-model"
CHOSEN = ["--profile", "anita", "--select", RECALL, "--select", "titles/default-title", "--defect", "no-history-sent"]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "conformance.cli", "run", *CHOSEN, *words]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}


def on_a_terminal(folder: Path, *words: str) -> tuple[int, str]:
    """
    The exit code, and all that was written to a terminal.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*words), cwd=folder, env=environment(), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                got = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not got:
                break
            seen += got
    os.close(ours)
    return process.returncode, seen.decode()


def test_a_terminal_shows_what_is_in_flight_and_failures_as_they_happen(tmp_path: Path):
    code, seen = on_a_terminal(tmp_path)
    before, _, verdict = seen.rpartition("Does not conform")

    assert code == 1
    assert re.search(r"\d of 2  \d in flight", before)
    assert before.index(f"failed anita {RECALL}: ") < before.index(f"MUST {RECALL}")
    assert verdict.startswith(": 1 failed of 2 scenarios.")
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1  # the cursor comes back


def test_a_log_has_few_plain_lines_and_with_verbose_the_exchanges(tmp_path: Path):
    words = command("--verbose")
    done = subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    streamed = [line for line in done.stderr.splitlines() if re.match(r"anita \S+ [<>] ", line)]
    said = [line for line in done.stderr.splitlines() if line not in streamed]

    assert any(line.startswith(f"anita {RECALL} > POST /chat ") for line in streamed)
    assert any(line.startswith(f"anita {RECALL} < 200 ") for line in streamed)
    assert said[0] == "playing 2 scenarios ..."
    assert len(said) <= 2 + QUARTERS
    assert "\x1b" not in done.stdout + done.stderr


def test_quiet_leaves_failures_and_the_verdict(tmp_path: Path):
    done = subprocess.run(command("-q"), cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)

    assert done.stderr == ""
    assert done.stdout.startswith(f"MUST {RECALL}: ")
    assert "requirements judged" not in done.stdout
    assert done.stdout.splitlines()[-1] == "Does not conform: 1 failed of 2 scenarios."
