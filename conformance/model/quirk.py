"""
Legal oddities of a server, and what the suite made of them: nothing, or a false alarm.
"""

from __future__ import annotations

from typing import Any, Literal

from conformance.model.base import Model

__all__ = ["Quirk", "Trial", "Trials"]


class Quirk(Model, frozen=True, kw_only=True):
    """
    An oddity as the reference server lists it. `source` says why it is legal, `profile` what a profile must say of it,
    by dialect. Of one `group` a server can have one only.
    """

    id: str
    group: str
    dialects: list[str]
    source: str
    sentence: str
    profile: dict[str, dict[str, Any]] = {}


class Trial(Model, frozen=True, kw_only=True):
    """
    A server with these quirks, in one dialect. `alarms` are the scenarios that were judged worse than with the healthy
    server, each with the first reason; `undeclared` counts those that the quirks' own declarations take away.
    """

    quirks: list[str]
    dialect: str
    verdict: Literal["green", "false alarm"]
    passed: int
    undeclared: int = 0
    alarms: list[str] = []


class Trials(Model, frozen=True, kw_only=True):
    """
    All of them. `scenarios` says whether every scenario was played, or some of each kind.
    """

    seed: int
    scenarios: Literal["all", "some"]
    alone: list[Trial] = []
    combined: list[Trial] = []
