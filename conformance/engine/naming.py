"""
Names that a scenario needs and does not give: canaries, thread ids, message ids. Drawn from the seed, so a run repeats.
"""

from __future__ import annotations

import hashlib
import random
import re
from typing import Any, Final

from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

__all__ = ["BUILTINS", "CANARY", "Naming"]

BUILTINS: Final[dict[str, str]] = {
    "nul": "\0",
    "lone-surrogate": "\ud83d",
    "high-surrogate": "\ud83d",
    "low-surrogate": "\ude00",
}
"""
Placeholders for characters that YAML cannot write.
"""

_COLOURS: Final = [
    "amber",
    "azure",
    "beige",
    "black",
    "blue",
    "brown",
    "coral",
    "cream",
    "crimson",
    "cyan",
    "gold",
    "green",
    "grey",
    "indigo",
    "ivory",
    "jade",
]

CANARY: Final = re.compile(rf"k[0-9a-f]{{6}}-(?:{'|'.join(_COLOURS)})-[0-9]{{2}}")
"""
What a canary looks like, of whichever scenario.
"""


class Naming:
    """
    Draws names for one scenario played against one profile; the same seed gives the same names.
    """

    def __init__(self, scenario: Scenario, example: dict[str, Any], profile: Profile, seed: int) -> None:
        origin = f"{seed}/{profile.profile}/{scenario.id}/{sorted(example.items())}"
        self._random = random.Random(hashlib.sha256(origin.encode(errors="surrogatepass")).digest())
        self.run = f"tg{self._random.randrange(16**8):08x}"
        self._format = profile.ids.format
        self._count = 0

    def canary(self) -> str:
        """
        A token that nothing else says: `k7f3a-violet-42`.
        """
        draw = self._random
        return f"k{draw.randrange(16**6):06x}-{draw.choice(_COLOURS)}-{draw.randrange(10, 100)}"

    def thread(self, name: str) -> str:
        """
        An id for the thread of that name, in the form that the profile accepts.
        """
        if self._format == "uuid":
            return self._uuid()
        return f"{self.run}-{name}"

    def message(self) -> str:
        """
        A client's id for a message.
        """
        self._count += 1
        return self._uuid() if self._format == "uuid" else f"{self.run}-m{self._count}"

    def _uuid(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
