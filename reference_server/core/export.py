"""
A conversation as a document: JSON, Markdown, PDF.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from reference_server.core.records import Message, Thread

if TYPE_CHECKING:
    from fpdf import FPDF

__all__ = ["Export"]

FONT: Final = "Helvetica"  # one of the fonts that every reader of PDF has; it knows Latin-1
NAMES: Final = {"user": "User", "assistant": "Assistant", "system": "System", "tool": "Tool"}


class Export:
    """
    Writes the messages of a conversation, oldest first, whole and in their order.
    """

    def shown(self, messages: Sequence[Message]) -> list[Message]:
        return [one for one in messages if one.content is not None]

    def document(self, thread: Thread, messages: Sequence[Message]) -> dict[str, Any]:
        return {
            "id": thread.id,
            "title": thread.title,
            "createdAt": self.time(thread.created_at),
            "messages": [
                {
                    "id": one.public_id,
                    "role": one.role,
                    "content": one.content,
                    "model": one.model,
                    "createdAt": self.time(one.created_at),
                }
                for one in self.shown(messages)
            ],
        }

    def json(self, thread: Thread, messages: Sequence[Message]) -> bytes:
        return json.dumps(self.document(thread, messages), ensure_ascii=False, indent=1).encode()

    def markdown(self, thread: Thread, messages: Sequence[Message]) -> bytes:
        """
        A heading for each message, its text below: models answer in Markdown themselves.
        """
        parts = [f"# {thread.title or ''}".rstrip()]
        for one in self.shown(messages):
            parts += [f"## {self.speaker(one)}", one.content or ""]
        return ("\n\n".join(parts) + "\n").encode()

    def pdf(self, thread: Thread, messages: Sequence[Message]) -> bytes:
        """
        Pages to read, with the conversation as JSON attached: no font has every character.
        """
        from fpdf import FPDF  # a fifth of what a start imports, and hardly anybody asks for it

        pages = FPDF()
        pages.set_title(thread.title or "")
        pages.set_creation_date(thread.created_at)
        pages.add_page()
        self.paragraph(pages, thread.title or "", 16, bold=True)
        for one in self.shown(messages):
            self.paragraph(pages, self.speaker(one), 11, bold=True)
            self.paragraph(pages, one.content or "", 11)
        pages.embed_file(bytes=self.json(thread, messages), basename="conversation.json", mime_type="application/json")
        return bytes(pages.output())

    def paragraph(self, pages: FPDF, text: str, size: int, *, bold: bool = False) -> None:
        pages.set_font(FONT, style="B" if bold else "", size=size)
        pages.multi_cell(0, size / 2, self.printable(text), new_x="LMARGIN", new_y="NEXT")
        pages.ln(2)

    def printable(self, text: str) -> str:
        """
        The text with the names of those characters that the font does not have.
        """
        return "".join(one if ord(one) < 256 else f"<U+{ord(one):04X}>" for one in text)

    def speaker(self, message: Message) -> str:
        return NAMES.get(message.role, message.role)

    def time(self, time: datetime) -> str:
        return time.isoformat(timespec="microseconds")
