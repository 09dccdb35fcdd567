"""
`threadgauge watch`, as somebody who writes a scenario uses it; and the scenario that `new` writes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parents[2]
LONGEST = 60.0  # seconds for one line to come, on a busy machine
NAME = "mine/knows-my-name"


def command(*words: str) -> list[str]:
    return [sys.executable, "-u", "-m", "conformance.cli", *words]


@contextmanager
def watching(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], Queue[str]]]:
    """
    The process, and its lines as they come.
    """
    with subprocess.Popen(
        command("watch", *words, "--profile", "anita", "--quiet"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines: Queue[str] = Queue()
        assert process.stdout is not None
        reading = threading.Thread(target=lambda: [lines.put(line.rstrip()) for line in process.stdout or ()])
        reading.start()
        try:
            yield process, lines
        finally:
            process.kill()
            reading.join()


def until(lines: Queue[str], start: str) -> list[str]:
    """
    The lines up to the one that begins so.
    """
    seen = [lines.get(timeout=LONGEST)]
    while not seen[-1].startswith(start):
        seen.append(lines.get(timeout=LONGEST))
    return seen


def test_a_new_scenario_passes_and_is_played_again_when_it_changes(tmp_path: Path):
    subprocess.run(
        command("new", "scenario", NAME), cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
    )
    file = tmp_path / f"{NAME}.yaml"
    right = file.read_text()
    with watching(tmp_path, "mine") as (process, lines):
        first = until(lines, "watching for changes")
        file.write_text(right.replace("expect:", "expct:"))
        wrong = until(lines, "  hint:")
        file.write_text(right.replace("${first.text}", "Not ${first.text}"))
        failed = until(lines, "watching for changes")
        process.send_signal(signal.SIGINT)
        until(lines, "stopped")
        code = process.wait(LONGEST)

    assert "Conforms: 1 of 1 scenario judged, none failed." in first
    assert any(line.endswith("unknown field `expct`") for line in wrong)
    assert f"changed: {NAME}" in failed
    assert "Does not conform: 1 failed of 1 scenario." in failed
    assert code == 0
