"""
The stream framings by the name that a profile gives them.

The content type never chooses the decoder: real servers send raw text as `text/event-stream` (wire facts C-22).
"""

from collections.abc import Callable, Mapping
from typing import Final

from conformance.text.chunks import ChatChunks
from conformance.text.deltas import Decoder, Delta, Ending
from conformance.text.events import EventStream, PlainEvents
from conformance.text.rawtext import Document, RawText

__all__ = ["FRAMINGS", "Decoder", "Delta", "Ending", "decoder"]

FRAMINGS: Final[Mapping[str, Callable[[], Decoder]]] = {
    "raw-text": RawText,
    "openai-sse": lambda: EventStream(ChatChunks()),
    "sse": lambda: EventStream(PlainEvents()),
    "json": Document,
}


def decoder(framing: str) -> Decoder:
    """
    A new decoder for one body. Raises KeyError for a name that is not in FRAMINGS.
    """
    return FRAMINGS[framing]()
