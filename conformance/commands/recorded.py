"""
The results that an earlier run has left, for `compare`, `judge` and `--since`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from conformance.errors import UsageError
from conformance.model.results import Results
from conformance.reporting.jsonfile import parse_results

__all__ = ["read_results"]


def read_results(run: Path) -> Results:
    """
    Those of a run, given by its folder or by the results.json in it. Raises `UsageError`.
    """
    file = run if run.is_file() else run / "results.json"
    try:
        return parse_results(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{run} is no run folder: it has no results.json") from None
    except OSError as problem:
        raise UsageError(f"{file} cannot be read ({problem.strerror})") from None
    except (msgspec.MsgspecError, ValueError) as wrong:
        raise UsageError(f"{file} cannot be read ({wrong}): is it of another version?") from None
