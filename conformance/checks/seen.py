"""
What a check may look at: one step's record, and what the scenario's placeholders stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.checks.finding import NotKept, NotShown
from conformance.model.outcome import Difference
from conformance.model.profile import Operation, Profile
from conformance.model.scenario import MessageMatch
from conformance.model.text import Text
from conformance.model.transcript import Exchange, StepRecord, Unseen
from conformance.text import template

__all__ = ["Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One step as it was observed. `operation` is the profile's, where the step is one; `lookup` resolves a placeholder.

    A verdict on time must know how much later than asked our own event loop woke up (`late`), and for how long the
    target or we may have waited for a core (`waited`), both in seconds.
    """

    record: StepRecord
    profile: Profile
    operation: Operation | None
    lookup: Callable[[str], Any]
    left: bool = False
    late: float = 0.0
    waited: float = 0.0

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
        filled = template.fill(value, self._shown)
        return filled if isinstance(filled, Text) else str(filled)

    def string(self, value: Any) -> str:
        """
        What is searched for, or a condition, with its placeholders replaced. Raises `NotShown` and `NotKept`.
        """
        filled = template.fill(value, self._shown)
        if isinstance(filled, Text):
            raise NotKept
        return str(filled)

    def thread(self, name: str) -> Any:
        """
        The id of a thread of the scenario. Raises `NotShown` where the target never gave it one.
        """
        try:
            return self.lookup(name)
        except KeyError:
            raise NotShown(name) from None

    def _shown(self, name: str) -> Any:
        """
        A placeholder's value; "None" must not be compared with what was not observed.
        """
        value = self.thread(name)
        if value is None and "." in name:
            raise NotShown(name)
        return value

    def expected(self, want: Sequence[MessageMatch]) -> list[MessageMatch]:
        """
        The messages that are expected of this profile.
        """
        declared = self.profile.policies.items()
        return [one for one in want if (one.policy or {}).items() <= declared]

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
