"""
When the pieces of an answer came: the geometry of a small drawing, and the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.model.transcript import Exchange, GateMark

__all__ = ["HEIGHT", "WIDTH", "Gate", "Timeline", "timeline"]

WIDTH: Final = 720
HEIGHT: Final = 40
EDGE: Final = 6
TICK: Final = "v14"


@dataclass(frozen=True, slots=True)
class Gate:
    """
    A band from where the upstream was held to where it was let go.
    """

    name: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """
    `ticks` is an SVG path of all arrivals; `headers` and `first` are places on the same axis; `words` tells it all.
    """

    ticks: str
    gates: tuple[Gate, ...]
    headers: float | None
    first: float | None
    words: str


def timeline(exchange: Exchange, grain: float = 1) -> Timeline | None:
    """
    Nothing for an answer without a stream of text. Arrivals nearer than `grain` to each other share a tick.
    """
    streamed = exchange.first_text_at is not None or exchange.gates
    if not streamed or not exchange.arrivals or exchange.ended_at <= exchange.started:
        return None
    return Timeline(
        ticks=_ticks(exchange, grain),
        gates=tuple(_gate(exchange, mark) for mark in exchange.gates),
        headers=_x(exchange, exchange.headers_at),
        first=_x(exchange, exchange.first_text_at),
        words=", ".join(_words(exchange)),
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def _ticks(exchange: Exchange, grain: float) -> str:
    places = {round(x / grain) * grain for arrival in exchange.arrivals if (x := _x(exchange, arrival.at)) is not None}
    return "".join(f"M{x:g} 13{TICK}" for x in sorted(places))


def _gate(exchange: Exchange, mark: GateMark) -> Gate:
    start = _x(exchange, mark.held_at) or 0.0
    end = _x(exchange, mark.released_at) if mark.released_at is not None else float(WIDTH - EDGE)
    return Gate(mark.gate, start, max((end or start) - start, 2.0))


def _x(exchange: Exchange, at: float | None) -> float | None:
    if at is None:
        return None
    share = (at - exchange.started) / (exchange.ended_at - exchange.started)
    return round(EDGE + (WIDTH - 2 * EDGE) * min(max(share, 0.0), 1.0), 1)


def _words(exchange: Exchange) -> Iterator[str]:
    if exchange.headers_at is not None:
        yield f"headers after {milliseconds(exchange.headers_at - exchange.started)}"
    if exchange.first_text_at is not None:
        yield f"first text after {milliseconds(exchange.first_text_at - exchange.started)}"
    yield f"{exchange.arrival_count or len(exchange.arrivals):,} arrivals"
    for mark in exchange.gates:
        held = f"upstream held at {mark.gate} after {milliseconds(mark.held_at - exchange.started)}"
        if mark.released_at is None:
            yield f"{held}, never released"
        else:
            by = f" ({mark.by})" if mark.by else ""
            yield f"{held}, released after {milliseconds(mark.released_at - exchange.started)}{by}"
    yield f"{exchange.ended} end after {milliseconds(exchange.ended_at - exchange.started)}"
