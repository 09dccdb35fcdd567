"""
Which defects are played, in which dialects.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from conformance.commands.listing import defects as known_defects
from conformance.errors import UsageError
from conformance.model.matrix import Suspect
from conformance.model.profile import Profile
from conformance.text.suggest import did_you_mean

__all__ = ["Sample", "chosen_suspects", "dialects_of", "known_ids"]


@dataclass(frozen=True, slots=True)
class Sample:
    """
    Part `part` of `parts`: every defect, in every so many of its dialects. All parts together are everything.
    """

    part: int
    parts: int

    @staticmethod
    def read(text: str) -> Sample:
        """
        `1/3`. Raises `UsageError`.
        """
        found = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"--sample {text}: give a part and the number of parts, as in 1/3.")
        return Sample(int(found[1]), int(found[2]))

    def of(self, defect: str, dialects: Sequence[str]) -> list[str]:
        """
        At least one dialect. Where the counting begins is by the hash of the defect's id, so that every dialect has
        its share of every part, and the same part is the same on every machine.
        """
        offset = int(hashlib.sha256(defect.encode()).hexdigest(), 16) + self.part
        mine = [name for at, name in enumerate(dialects) if (at + offset) % self.parts == 0]
        return mine or [dialects[offset % len(dialects)]] if dialects else []


def known_ids() -> set[str]:
    return {one["id"] for one in known_defects()}


def chosen_suspects(chosen: Sequence[str]) -> list[Suspect]:
    """
    The defects of these ids, or all. Raises `UsageError`.
    """
    known = {one["id"]: msgspec.convert(one, Suspect) for one in known_defects()}
    for name in chosen:
        if name not in known:
            guess = did_you_mean(name, known)
            raise UsageError(f"there is no defect {name}." + (f" Did you mean {guess}?" if guess else ""))
    return [one for one in known.values() if not chosen or one.id in chosen]


def dialects_of(suspect: Suspect, profiles: Sequence[Profile], sample: Sample | None = None) -> list[str]:
    """
    Where it is played: where it says that it shows, and something could be seen.
    """
    here = {one.profile for one in profiles}
    shows = [name for name in suspect.dialects if name in here and name not in suspect.equivalent]
    return shows if sample is None else sample.of(suspect.id, shows)
