"""
What a run was judged by, so that two runs can be compared: versions and hashes.
"""

from __future__ import annotations

from conformance.model.base import Model

__all__ = ["KillScore", "Suite"]


class KillScore(Model, frozen=True, kw_only=True):
    """
    How good the suite is at finding defects: `caught` of `defects` that can be seen.
    """

    caught: int
    defects: int


class Suite(Model, frozen=True, kw_only=True):
    """
    Hashes, 12 hexadecimal digits: of each scenario, profile and requirement as it was used, of the source of each
    check, and of the rest that makes a verdict of a transcript. Layout and comments of a file are not in its hash.

    `kill` is null where the kill matrix is not installed: then the suite's kill score is unknown.
    """

    version: str
    scenarios: dict[str, str] = {}
    profiles: dict[str, str] = {}
    requirements: dict[str, str] = {}
    checks: dict[str, str] = {}
    judging: str = ""
    kill: KillScore | None = None
