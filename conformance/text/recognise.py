"""
Which framing a body looks like, by what each decoder makes of it.
"""

from __future__ import annotations

from typing import Final

from conformance.model.profile import Stream
from conformance.text.eventlist import events_in
from conformance.text.framing import Ending, decoder
from conformance.text.sse import Event
from conformance.text.strictjson import JsonError, parse

__all__ = ["decoded", "looks_like"]

_TELLING: Final = (
    "assistants-sse",
    "responses-sse",
    "ui-message-stream-v1",
    "openai-sse",
    "ai-data-stream-v1",
)
"""
Those that cannot be mistaken for each other: each finds text only in what is written for it.
"""


def decoded(framing: str, body: str, stream: Stream | None = None) -> tuple[str, Ending]:
    """
    The text that a framing finds in a whole body, and how it ended. `stream` says what its events mean, where they are
    declared.
    """
    reading = decoder(framing, stream)
    deltas = [*reading.feed(body.encode(errors="surrogatepass")), *reading.close()]
    return "".join(delta.text for delta in deltas), reading.ending


def looks_like(body: str) -> str | None:
    """
    The framing of a body that was answered with success; nothing where it is empty.
    """
    if not body.strip():
        return None
    for framing in _TELLING:
        if decoded(framing, body)[0]:
            return framing
    if _is_document(body):
        return "json"
    text, ending = decoded("sse", body)
    if not text or ending.problems:
        lines = [line for line in body.split("\n") if line.strip()]
        return "json-lines" if all(map(_is_document, lines)) else "raw-text"
    return "json-sse" if _holds_json(events_in("json-sse", body)) else "sse"


def _holds_json(events: list[Event]) -> bool:
    """
    Whether the events hold objects, lists or quoted texts, but for a marker at their end.
    """
    texts = [event.data for event in events if event.data.strip()]
    marked = len(texts) > 1 and not _is_value(texts[-1])
    return all(map(_is_value, texts[:-1] if marked else texts))


def _is_value(text: str) -> bool:
    return _is_document(text) or (text.startswith('"') and len(text) > 1 and text.endswith('"'))


def _is_document(body: str) -> bool:
    try:
        return isinstance(parse(body, lambda _: None), dict | list)
    except JsonError:
        return False
