"""
A request that is ready to go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.engine.effects import Send
from conformance.model.profile import Operation

__all__ = ["Prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    One request ready to go. `binds` are names under the step's `as` (`message`, `answer`).
    """

    action: str
    title: str
    send: Send
    operation: Operation | None = None
    binds: Mapping[str, str] = field(default_factory=dict)
