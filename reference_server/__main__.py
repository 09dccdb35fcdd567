"""
`python -m reference_server`: one dialect, or several side by side, on one port.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Sequence
from typing import Any

__all__ = ["main"]

DIALECTS = ("anita", "guide", "completions", "shadflare", "assistants", "conversations")
GRACE = 1  # seconds for the answers under way when we are told to end
GARBAGE = 50_000  # new objects between two collections; a long thread's recall makes 700, the usual number, every time


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Serve until SIGTERM or SIGINT. Prints `ready URL` as soon as requests are answered.
    """
    options = _options().parse_args(arguments)
    if options.list_defects:
        from reference_server.defects.registry import described

        print(json.dumps(described(), indent=1))
        return 0
    if options.list_quirks:
        from reference_server.quirks import registry

        print(json.dumps(registry.described(), indent=1))
        return 0
    if options.nursery:
        from reference_server.nursery import nurse

        return nurse(main)
    if options.spawner:
        from reference_server.spawner import spawn

        return spawn(main)
    return _serve(options)


def _serve(options: argparse.Namespace) -> int:
    import uvicorn

    from reference_server.application import application
    from reference_server.assembly import Settings
    from reference_server.core.people import people_from_environment
    from reference_server.core.turns import LEASE

    _log(options.log)
    wanted = options.dialect or ["anita"]
    odd = options.quirk or os.environ.get("REFERENCE_QUIRKS", "").split()
    chosen = DIALECTS if "all" in wanted else tuple(dict.fromkeys(wanted))
    try:
        settings = Settings(
            options.upstream,
            os.environ.get("UPSTREAM_API_KEY"),
            people_from_environment(),
            options.cache,
            float(os.environ.get("REFERENCE_LEASE", LEASE)),
        )
        app, database = application(chosen, options.db, settings, options.defect, "all" in wanted, options.twins, odd)
        database.create()
        listening = _listening(options.host, options.port)
    except Exception as error:
        print(f"reference server: {_sentence(error)}", file=sys.stderr)
        return 2
    for name in options.defect:
        _say_where(name, chosen)
    gc.freeze()
    gc.set_threshold(GARBAGE)
    if options.exit_with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    grace = int(os.environ.get("REFERENCE_GRACE", GRACE))
    config = uvicorn.Config(
        app,
        http=_protocol(odd),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=grace,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    host, port = listening.getsockname()[:2]
    print(f"ready http://{host}:{port}", flush=True)
    server.run(sockets=[listening])
    database.close()
    return 0


def _say_where(defect: str, served: Sequence[str]) -> None:
    """
    A defect that none of these dialects can show would look like one that nobody catches.
    """
    from reference_server.defects.registry import EVERY, defects

    shown = getattr(defects()[defect], "dialects", EVERY)
    if not set(shown) & set(served):
        print(f"reference server: the defect {defect} shows in {' and '.join(shown)} only", file=sys.stderr)


def _protocol(odd: Sequence[str]) -> Any:
    """
    How HTTP is written: as the library does it, or with the quirks of its line.
    """
    if not odd:
        return "auto"
    from reference_server.quirks.line import protocol
    from reference_server.quirks.registry import named

    return protocol([quirk for quirk in named(odd) if quirk.seam == "outlet"])


def _log(kind: str) -> None:
    """
    Turns as lines of JSON on standard error.
    """
    if kind == "json":
        requests = logging.getLogger("reference_server.requests")
        requests.addHandler(logging.StreamHandler())
        requests.setLevel(logging.INFO)


def _listening(host: str, port: int) -> socket.socket:
    """
    A socket that already takes connections: `ready` is true when it is said.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(2048)
    return listening


def _end_with_parent() -> None:
    """
    The parent holds the other end of our standard input; when it is gone, so are we.
    """
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def _sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reference_server", description=__doc__)
    parser.add_argument("--dialect", action="append", choices=(*DIALECTS, "all"), help="default: anita")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--db", default="sqlite:///reference.db", help="sqlite:///FILE or postgresql://...")
    parser.add_argument("--upstream", help="base URL of an OpenAI-compatible model; a built-in one if not given")
    parser.add_argument("--cache", help="redis://... for what is read often")
    parser.add_argument("--log", choices=("none", "json"), default="none", help="a line of JSON for each turn")
    parser.add_argument("--defect", action="append", default=[], help="be wrong in this way")
    parser.add_argument("--twins", action="store_true", help="every defect's methods, without its mistake")
    parser.add_argument("--nursery", action="store_true", help="fork a server for each line of JSON that is read")
    parser.add_argument("--quirk", action="append", default=[], help="do this in another, legal way")
    parser.add_argument("--list-quirks", action="store_true", help="print them as JSON")
    parser.add_argument("--spawner", action="store_true", help="fork servers, any number, a line of JSON for each")
    parser.add_argument("--list-defects", action="store_true", help="print them as JSON")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
