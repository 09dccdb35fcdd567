r"""
Values as JSON, and JSON as server-sent events, in every way that the standard allows.

Half a surrogate pair cannot be UTF-8, so it goes out as the escape `\ud83d`, which is what a JavaScript server sends.
"""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["Framer", "json_bytes"]

_PLAIN: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ASCII: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_PRETTY: Final = json.JSONEncoder(ensure_ascii=False, indent=1).encode
_ENCODERS: Final = {"ascii": _ASCII, "multiline": _PRETTY, "crlf-bytes": _PRETTY}
_LINE_ENDS: Final = {"crlf": "\r\n", "crlf-bytes": "\r\n", "cr": "\r"}
_MIXED: Final = ("\r\n", "\n", "\r")


def json_bytes(value: Any, wire: str = "plain") -> bytes:
    return _utf8(_ENCODERS.get(wire, _PLAIN)(value))


class Framer:
    """
    Makes the events of one stream in one wire variant.
    """

    def __init__(self, wire: str) -> None:
        self._encode = _ENCODERS.get(wire, _PLAIN)
        self._comments = wire == "comments"
        self._mixed = wire == "mixed"
        self._end = _LINE_ENDS.get(wire, "\n")
        self._field = "data:" if wire == "no-space" else "data: "
        self._mark = "\ufeff" if wire == "bom" else ""
        self._count = 0

    def event(self, value: Any) -> bytes:
        return self.data(self._encode(value))

    def data(self, text: str) -> bytes:
        """
        An event with any text, one `data` line per line of it.
        """
        lines = [self._field + line for line in text.split("\n")]
        before = self._before() if self._comments else []
        mark, self._mark = self._mark, ""
        self._count += 1
        end = _MIXED[self._count % len(_MIXED)] if self._mixed else self._end
        return _utf8(mark + end.join([*before, *lines, "", ""]))

    def _before(self) -> list[str]:
        # A comment in a block of its own only while no id was sent: after an id, the decoders of openai-python 3.52 and
        # httpx-sse 0.4.3 take such a block for an empty event, and that is not the fault of the targets that use them.
        alone = [": ping", ""] if self._count == 0 else []
        return [*alone, ": ping", "event: message", f"id: {self._count + 1}", "retry: 3000"]


def _utf8(text: str) -> bytes:
    # Surrogates stand only inside JSON strings, where the replacement is an escape that means the same.
    return text.encode(errors="backslashreplace")
