"""
`python -m reference_server --nursery`: one server after the other, each forked from a process that has all modules.

A line on standard input, `{"arguments": [...], "environment": {...}}`, starts a server with these arguments, which says
`ready URL` as ever. An empty line kills it. `ended` is said whenever a server has ended.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

__all__ = ["nurse", "warm"]

Serve = Callable[[Sequence[str]], int]

# Imported by a server only when it serves; they are two thirds of the time until it is ready.
SERVING: Final = ("uvicorn.loops.auto", "uvicorn.protocols.http.auto", "httpcore", "reference_server.application")


class Nursery:
    """
    At most one server at a time. The servers hold the reading end of a pipe, so they end when this process does.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._child: int | None = None
        self._theirs, self._ours = os.pipe()

    def start(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # until we know whose end it would tell of
        self._child = os.fork()
        if self._child == 0:
            os._exit(self._be(arguments, environment))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})

    def stop(self) -> None:
        """
        Nothing of a server is kept, so it need not be asked to end.
        """
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)

    def ended(self, *_: Any) -> None:
        """
        On SIGCHLD.
        """
        child, _status = os.waitpid(-1, os.WNOHANG)
        if child:
            self._child = None
            os.write(1, b"ended\n")

    def _be(self, arguments: Sequence[str], environment: dict[str, str]) -> int:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.close(self._ours)
        os.dup2(self._theirs, 0)
        os.environ.update(environment)
        sys.stdin = os.fdopen(0, encoding="utf-8")
        code = self._serve(arguments)
        sys.stdout.flush()
        return code


def warm() -> None:
    """
    Import what a server needs, then make one and drop it: FastAPI and Alembic import the rest when they are first
    used, which is half of what a fork would take (145 ms of CPU without, 75 ms with).
    """
    for module in SERVING:
        importlib.import_module(module)
    from reference_server.application import application
    from reference_server.assembly import Settings

    with TemporaryDirectory() as folder:
        _, database = application(["anita"], f"sqlite:///{Path(folder, 'warm.db')}", Settings())
        database.create()
        database.close()


def nurse(serve: Serve) -> int:
    """
    Until standard input ends; then the last server ends too.
    """
    warm()
    importlib.import_module("fpdf")
    importlib.import_module("reference_server.defects.registry").defects()
    gc.freeze()
    nursery = Nursery(serve)
    signal.signal(signal.SIGCHLD, nursery.ended)
    for line in sys.stdin:
        if line.strip():
            wanted = json.loads(line)
            nursery.start(wanted["arguments"], wanted.get("environment", {}))
        else:
            nursery.stop()
    nursery.stop()
    return 0
