"""
What is done to the connection between a target of ours and its store.
"""

from __future__ import annotations

from typing import Final, Literal

from conformance.model.base import Model

__all__ = ["LASTING", "Link", "LinkSeen"]

Link = Literal["cut", "refuse", "silent", "slow", "cut-commit", "mend"]

LASTING: Final[frozenset[Link]] = frozenset({"refuse", "silent", "slow", "cut-commit"})
"""
Those that stay until `mend`.
"""


class LinkSeen(Model, frozen=True, kw_only=True):
    """
    What it met. `struck` is how many connections, attempts or commits were hit: by a cut itself, or, at `mend`, since
    the fault that lasted until then (`ended`).
    """

    did: Link
    ended: Link | None = None
    struck: int = 0
