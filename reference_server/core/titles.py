"""
A thread's title: a default, then the first question, unless the user has named the thread.
"""

from __future__ import annotations

import html
import re
from typing import Final

__all__ = ["DEFAULT_TITLE", "LONGEST_TITLE", "Titles"]

DEFAULT_TITLE: Final = "New Conversation"
LONGEST_TITLE: Final = 100  # code points
_ENVELOPE: Final = re.compile(r"\s*<content\b[^>]*>(.*)</content>\s*", re.DOTALL)


class Titles:
    """
    Makes a title from the first question.
    """

    def default(self) -> str:
        return DEFAULT_TITLE

    def from_question(self, text: str) -> str:
        """
        The question in one line, without the front end's envelope, at most 100 code points.
        """
        return self.cut(self.one_line(self.unwrapped(text)))

    def unwrapped(self, text: str) -> str:
        """
        The C1 front end sends `<content thesys="true">escaped text</content>`.
        """
        envelope = _ENVELOPE.fullmatch(text)
        return html.unescape(envelope[1]) if envelope else text

    def one_line(self, text: str) -> str:
        return " ".join(text.split())

    def cut(self, text: str) -> str:
        return text[:LONGEST_TITLE]
