"""
What pytest's command line says, for a run with a target.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.credentials import given_credentials, made_credentials
from conformance.commands.documents import ledger_only, profiles_named
from conformance.commands.running import parsed_header
from conformance.commands.selection import Planned, Selection, Shard, select
from conformance.commands.targets import Setup
from conformance.commands.testing import Rules
from conformance.errors import UsageError
from conformance.loading.baseline import load_baseline
from conformance.model.baseline import Entry
from conformance.model.outcome import Kind

__all__ = ["baseline_of", "controls_workers", "is_worker", "option", "own_words", "rules_of", "setup_of"]


_EVERYTHING = Selection(areas=[], requirements=[], capabilities=[])


def option(config: pytest.Config, name: str) -> Any:
    """
    One of ours, by its name without `--` and with underscores.
    """
    return config.getoption(f"threadgauge_{name}")


def is_worker(config: pytest.Config) -> bool:
    """
    Whether this process plays for another one, which reports.
    """
    return hasattr(config, "workerinput")


def controls_workers(config: pytest.Config) -> bool:
    """
    Whether pytest-xdist plays this run's tests in other processes.
    """
    return config.getoption("dist", "no") != "no" and not is_worker(config) and not config.getoption("collectonly")


def setup_of(config: pytest.Config) -> Setup:
    """
    What is to be tested. Raises `UsageError`, `DocumentsInvalid`.
    """
    url, name = option(config, "target"), option(config, "target_profile")
    command, bundled = option(config, "target_cmd"), url == "reference"
    if command and bundled:
        raise UsageError("--target-cmd starts a server of yours: leave out --target reference.")
    if not name and not bundled:
        raise UsageError("a target has one profile: give --profile NAME (`threadgauge list --profiles` shows all).")
    if option(config, "in_flight") < 1:
        raise UsageError("--in-flight must be 1 or more.")
    _shard(config)  # said here, where also the process that only controls workers says it
    profiles = profiles_named([name or "anita"])
    file = Path(option(config, "target_credentials")) if option(config, "target_credentials") else None
    return Setup(
        profiles=profiles,
        url=None if bundled else url,
        command=command,
        db=option(config, "target_db"),
        upstream=None if (bundled or command) and is_worker(config) else option(config, "target_upstream"),
        credentials=made_credentials(profiles) if bundled else given_credentials(profiles, file, os.environ),
        headers=dict(map(parsed_header, option(config, "target_header"))),
        named=["--profile", name] if name else [],
    )


def baseline_of(config: pytest.Config) -> list[Entry]:
    """
    The known failures. Raises `DocumentsInvalid`.
    """
    file = option(config, "target_baseline")
    return load_baseline(Path(file)) if file else []


def rules_of(config: pytest.Config, baseline: Sequence[Entry]) -> Rules:
    """
    How it is played.
    """
    strict = option(config, "target_strict") or config.getoption("runxfail")
    usual: frozenset[Kind] = frozenset({"failed", "fixed", "error"})
    failed: frozenset[Kind] = usual | {"deviation"} if strict else usual
    lock = Path(config.workerinput["threadgauge_lock"]) if hasattr(config, "workerinput") else None
    return Rules(
        seed=option(config, "target_seed"),
        in_flight=option(config, "in_flight"),
        maxfail=config.getoption("maxfail") or 0,
        fail=failed,
        lock=lock,
        baseline=baseline,
    )


def kept(config: pytest.Config, planned: Sequence[Planned]) -> set[str]:
    """
    The names of those that our options select; pytest's own select by name, marker and last failure. Raises
    `UsageError`, `NothingSelected`.
    """
    wanted = Selection(
        areas=option(config, "target_area"),
        requirements=option(config, "target_requirement"),
        capabilities=option(config, "target_capability"),
        shard=_shard(config),
    )
    if not planned or wanted == _EVERYTHING:
        return {one.name for one in planned}
    return {one.name for one in select(planned, wanted, ledger_only().requirements)}


def _shard(config: pytest.Config) -> Shard | None:
    text = option(config, "target_shard")
    return Shard.read(text) if text else None


def own_words(sentence: str) -> str:
    """
    A sentence that names options of the command, with the names they have here.
    """
    return re.sub(
        r"(?<!\S)--(profile|db|upstream|header|area|requirement|capability|shard)(?![\w-])", r"--target-\1", sentence
    )
