"""
The stream framings by the name that a profile gives them.

The content type never chooses the decoder: real servers send raw text as `text/event-stream` (wire facts C-22).
"""

from collections.abc import Callable, Mapping
from typing import Final

from conformance.text.chunks import ChatChunks
from conformance.text.datastream import DataStream
from conformance.text.deltas import Decoder, Delta, Ending
from conformance.text.events import EventStream, PlainEvents
from conformance.text.lines import LineStream
from conformance.text.rawtext import Document, RawText
from conformance.text.responseevents import ResponseEvents
from conformance.text.runevents import RunEvents
from conformance.text.uiparts import UiParts

__all__ = ["DOCUMENTS", "FRAMINGS", "Decoder", "Delta", "Ending", "decoder"]

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


def decoder(framing: str) -> Decoder:
    """
    A new decoder for one body. Raises KeyError for a name that is not in FRAMINGS.
    """
    return FRAMINGS[framing]()
