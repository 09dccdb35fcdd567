"""
What the processes of this run have waited for a core.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.driver import waiting
from conformance.driver.waiting import waited

BUSY = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
PATIENCE = 20  # seconds


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not tell who has waited")
def test_two_children_on_one_core_wait_for_each_other():
    before, core = waited(), str(min(os.sched_getaffinity(0)))
    children = [subprocess.Popen([sys.executable, "-c", BUSY, core]) for _ in range(2)]
    try:
        deadline = time.monotonic() + PATIENCE
        while waited() - before < 0.2:
            assert time.monotonic() < deadline
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_a_system_that_does_not_tell_knows_of_no_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waiting, "PROCESSES", tmp_path / "proc")

    assert waited() == 0.0
