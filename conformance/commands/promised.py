"""
Policies from the command line: `--policy history=whole`, one of those that the ledger knows.
"""

from __future__ import annotations

from collections.abc import Iterable

from conformance.errors import UsageError
from conformance.loading.ledger import load_ledger
from conformance.loading.places import shipped_ledger
from conformance.text.suggest import did_you_mean

__all__ = ["given_policies"]


def given_policies(texts: Iterable[str]) -> dict[str, str]:
    """
    Policies by name. Raises `UsageError` for a name or a value that the ledger does not have.
    """
    known = {name: one.values for name, one in load_ledger(shipped_ledger()).policies.items()}
    return dict(_policy(text, known) for text in texts)


def _policy(text: str, known: dict[str, list[str]]) -> tuple[str, str]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not name:
        raise UsageError(f"--policy {text} is not NAME=VALUE.")
    if name not in known:
        near = did_you_mean(name, known)
        way = f"Did you mean {near}?" if near else f"There are {', '.join(sorted(known))}."
        raise UsageError(f"--policy {text}: there is no policy {name!r}. {way}")
    if value not in known[name]:
        raise UsageError(f"--policy {text}: {name} is one of {', '.join(known[name])}.")
    return name, value
