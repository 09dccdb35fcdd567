"""
The suite that judges: what a run folder remembers of it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from conformance import __version__, engine, text
from conformance.checks import CHECKS, wire
from conformance.driver.folder import encode
from conformance.model.profile import Profile
from conformance.model.requirement import Requirement
from conformance.model.suite import KillScore, Suite
from conformance.reporting.kills import shipped_matrix

__all__ = ["content_hash", "kill_score", "suite_of"]

DIGITS = 12


def suite_of(scenarios: Mapping[str, str], profiles: Iterable[Profile], requirements: Iterable[Requirement]) -> Suite:
    """
    `scenarios` are hashes: a transcript has only what became of a scenario whose examples a profile makes.
    """
    return Suite(
        version=__version__,
        scenarios=dict(sorted(scenarios.items())),
        profiles={one.profile: content_hash(one) for one in profiles},
        requirements={one.id: content_hash(one) for one in requirements},
        checks={name: _source(check) for name, check in {"success": wire.success, **CHECKS}.items()},
        judging=_sources(),
        kill=kill_score(),
    )


@cache
def kill_score() -> KillScore | None:
    """
    What the suite's own test found, or nothing where it is not installed.
    """
    matrix = shipped_matrix()
    if matrix is None:
        return None
    rows = [row.verdict for row in matrix.rows]
    return KillScore(caught=rows.count("caught"), defects=len(rows) - rows.count("equivalent"))


def content_hash(value: Any) -> str:
    """
    Of what a struct says: layout and comments of its file are not in it.
    """
    return hashlib.sha256(encode(value).encode()).hexdigest()[:DIGITS]


@cache
def _source(check: Callable[..., Any]) -> str:
    return _of_files([Path(str(sys.modules[check.__module__].__file__))])


@cache
def _sources() -> str:
    """
    The engine, and the decoders and templates that it reads with.
    """
    folders = [Path(str(package.__file__)).parent for package in (engine, text)]
    return _of_files(sorted(file for folder in folders for file in folder.glob("*.py")))


def _of_files(files: Iterable[Path]) -> str:
    sha = hashlib.sha256()
    for file in files:
        sha.update(file.read_bytes())
    return sha.hexdigest()[:DIGITS]
