"""
The stream framings by the name that a profile gives them.

The content type never chooses the decoder: real servers send raw text as `text/event-stream` (wire facts C-22).
"""

from collections.abc import Callable, Mapping
from typing import Final

from conformance.model.profile import Stream
from conformance.text.chunks import ChatChunks
from conformance.text.datastream import DataStream
from conformance.text.declaredevents import DeclaredEvents
from conformance.text.deltas import Decoder, Delta, Ending
from conformance.text.events import EventStream, PlainEvents
from conformance.text.lines import JsonLines, LineStream
from conformance.text.rawtext import Document, RawText
from conformance.text.responseevents import ResponseEvents
from conformance.text.runevents import RunEvents
from conformance.text.uiparts import UiParts

__all__ = ["DECLARED", "DOCUMENTS", "FRAMINGS", "Decoder", "Delta", "Ending", "decoder"]

FRAMINGS: Final[Mapping[str, Callable[[], Decoder]]] = {
    "raw-text": RawText,
    "openai-sse": lambda: EventStream(ChatChunks()),
    "sse": lambda: EventStream(PlainEvents()),
    "ai-data-stream-v1": lambda: LineStream(DataStream()),
    "ui-message-stream-v1": lambda: EventStream(UiParts()),
    "assistants-sse": lambda: EventStream(RunEvents()),
    "responses-sse": lambda: EventStream(ResponseEvents()),
    "json": Document,
    "prometheus": Document,
}
DOCUMENTS: Final = ("json", "prometheus")
"""
Those that are no streams: the body is one value.
"""


DECLARED: Final[Mapping[str, Callable[[Stream], Decoder]]] = {
    "json-sse": lambda stream: EventStream(DeclaredEvents(stream)),
    "json-lines": lambda stream: JsonLines(DeclaredEvents(stream)),
}
"""
Those whose events mean what the profile says.
"""


def decoder(framing: str, stream: Stream | None = None) -> Decoder:
    """
    A new decoder for one body. Raises KeyError for a name that is neither in FRAMINGS nor in DECLARED.
    """
    if framing in DECLARED:
        return DECLARED[framing](stream or Stream(framing="json-sse"))
    return FRAMINGS[framing]()
