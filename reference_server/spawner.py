"""
`python -m reference_server --spawner`: any number of servers, each a process forked from one that has all modules.

A line on standard input, `{"arguments": [...], "environment": {...}, "log": PATH}`, starts a server in a session of its
own. `pid N` is said of it, and `ready URL` by it; `ended N` where it ended without being killed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from reference_server.nursery import warm

__all__ = ["spawn"]

Serve = Callable[[Sequence[str]], int]


def spawn(serve: Serve) -> int:
    """
    Until standard input ends; then all servers end, because they hold the reading end of our pipe.
    """
    warm()
    gc.freeze()
    signal.signal(signal.SIGCHLD, _bury)
    theirs, ours = os.pipe()
    for line in sys.stdin:
        wanted = json.loads(line)
        if not {"--defect", "--twins"}.isdisjoint(wanted["arguments"]):
            importlib.import_module("reference_server.defects.registry").defects()  # once, for this and all later ones
        child = os.fork()
        if child == 0:
            os.close(ours)
            _be(serve, wanted, theirs)
        os.write(1, f"pid {child}\n".encode())
    return 0


def _bury(*_: Any) -> None:
    """
    Wait for the dead: their number is free at once, and their time is counted as ours.
    """
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _be(serve: Serve, wanted: dict[str, Any], life: int) -> None:
    """
    Be a server, from its session to its end.
    """
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 2)
    os.dup2(life, 0)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    os.environ.update(wanted["environment"])
    time.tzset()  # the zone was read when we were another process
    code = serve(wanted["arguments"])
    sys.stdout.flush()
    os.write(1, f"ended {os.getpid()}\n".encode())
    os._exit(code)
