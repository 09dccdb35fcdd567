"""
What the catalogue of public reports has and the kill matrix has not.
"""

from __future__ import annotations

from typing import Literal

from conformance.model.base import Model

__all__ = ["NotShown"]


class NotShown(Model, frozen=True, kw_only=True):
    """
    A defect that no server here has, and why not.
    """

    id: str
    group: str
    tier: Literal["core", "extended"]
    reason: str
