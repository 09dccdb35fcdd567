"""
What a text may be: stored exactly as it is, or refused before anything is written.

PostgreSQL stores no NUL, and no encoding has a lone surrogate; both are legal JSON. From a caller they are refused; in
an answer they become U+FFFD, on the wire and in the store alike, because a turn must not be lost for one character.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from reference_server.core.errors import Invalid

__all__ = ["LONGEST_ID", "Texts"]

LONGEST_ID: Final = 256  # code points; a PostgreSQL index row ends near 2,700 bytes
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


class Texts:
    """
    The rules for texts and ids.
    """

    def question(self, text: str, field: str) -> str:
        """
        A text that a caller wants stored. Raises `Invalid`.
        """
        self.storable(text, field)
        if not text.strip():
            raise Invalid("must not be blank", field)
        return text

    def storable(self, text: str, field: str) -> None:
        """
        Raises `Invalid` for a text that no store keeps.
        """
        if _UNSTORABLE.search(text):
            raise Invalid("must not contain U+0000 or half of a surrogate pair", field)

    def identifier(self, text: str, field: str) -> str:
        """
        An id that a caller chose: any characters, kept as they are. Raises `Invalid`.
        """
        self.storable(text, field)
        if not 1 <= len(text) <= LONGEST_ID:
            raise Invalid(f"must have 1 to {LONGEST_ID} characters", field)
        return text

    def document(self, value: Any, field: str) -> None:
        """
        Raises `Invalid` for a JSON value that could be stored but never be shown again: Python reads a NaN in JSON.
        """
        if isinstance(value, str):
            self.storable(value, field)
        elif isinstance(value, float) and not math.isfinite(value):
            raise Invalid("must not contain NaN or an infinity", field)
        elif isinstance(value, dict | list):
            for part in (*value, *value.values()) if isinstance(value, dict) else value:
                self.document(part, field)

    def answer(self, text: str) -> str:
        """
        A piece of an answer as it is streamed and stored.
        """
        return _UNSTORABLE.sub("\ufffd", text)
