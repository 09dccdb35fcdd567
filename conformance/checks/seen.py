"""
What a check may look at: one step's record, and what the scenario's placeholders stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.model.outcome import Difference
from conformance.model.profile import Operation, Profile
from conformance.model.text import Text
from conformance.model.transcript import Exchange, StepRecord, Unseen
from conformance.text import template

__all__ = ["Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One step as it was observed. `operation` is the profile's, where the step is one; `lookup` resolves a placeholder.
    """

    record: StepRecord
    profile: Profile
    operation: Operation | None
    lookup: Callable[[str], Any]
    left: bool = False

    @property
    def exchange(self) -> Exchange | None:
        """
        The answer that the expectations speak of: the last one of the step.
        """
        return self.record.exchanges[-1] if self.record.exchanges else None

    @property
    def marks(self) -> list[tuple[int, int, int]]:
        """
        Where the answer's deltas begin: (code point, event, byte), for naming the event that a difference came from.
        """
        exchange = self.exchange
        return [(mark.text, mark.event, mark.offset) for mark in exchange.marks] if exchange else []

    def fill(self, value: Any) -> Any:
        """
        An expected value with its placeholders replaced.
        """
        return template.fill(value, self.lookup)

    def text(self, value: str) -> str | Text:
        """
        An expected text with its placeholders replaced; one too long to keep stays a `Text`.
        """
        filled = self.fill(value)
        return filled if isinstance(filled, Text) else str(filled)

    def unseen(self, witness: str) -> Unseen | None:
        """
        Why this witness saw nothing in this step, if it did not.
        """
        return next((one for one in self.record.unseen if one.witness == witness), None)

    def differs(self, check: str, witness: str, at: str, lines: list[str], expected: Any, actual: Any) -> Difference:
        return Difference(
            check=check,
            step=self.record.index,
            at=at,
            witness=witness,
            lines=lines,
            expected=expected,
            actual=actual,
        )
