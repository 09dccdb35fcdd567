"""
What the deltas of a stream said, to be compared with the whole that the stream gives at its end.

Texts are kept as hashes of their UTF-16 units: an answer may be large, and two halves of a surrogate pair in two deltas
are the same units as the pair in the whole.
"""

import hashlib
from collections.abc import Hashable
from typing import Any, Final

MOST_PARTS: Final = 1024  # answers have a handful; a hostile stream opens one per event


class Said:
    """
    The parts of one answer by their key. `add` gives False for a part too many.
    """

    def __init__(self) -> None:
        self._hashes: dict[Hashable, Any] = {}
        self._units: dict[Hashable, int] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._hashes

    def add(self, key: Hashable, text: str) -> bool:
        if key not in self._hashes:
            if len(self._hashes) >= MOST_PARTS:
                return False
            self._hashes[key], self._units[key] = hashlib.sha256(), 0
        units = _units(text)
        self._hashes[key].update(units)
        self._units[key] += len(units) // 2
        return True

    def beyond(self, key: Hashable, whole: str) -> str | None:
        """
        What a text that begins with all that was said says beyond it, or None where it does not begin so.
        """
        units, had = _units(whole), 2 * self._units.get(key, 0)
        if self.differs(key, units[:had].decode("utf-16-le", "surrogatepass")):
            return None
        return units[had:].decode("utf-16-le", "surrogatepass")

    def nonempty(self) -> set[Hashable]:
        return {key for key, units in self._units.items() if units}

    def differs(self, key: Hashable, whole: str) -> str | None:
        """
        In what a part's whole text differs from its deltas, in words, or None.
        """
        units = _units(whole)
        said = self._hashes[key].digest() if key in self._hashes else hashlib.sha256().digest()
        if hashlib.sha256(units).digest() == said:
            return None
        had, has = self._units.get(key, 0), len(units) // 2
        return f"not what its deltas say ({has} UTF-16 units, the deltas have {had})"


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
