"""
When the pieces of an answer came: the geometry of a plot of bytes over time, and the same in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conformance.model.transcript import Exchange, GateMark

__all__ = ["BASE", "EDGE", "HEIGHT", "TOP", "WIDTH", "Gate", "Timeline", "milliseconds", "timeline", "timeline_words"]

WIDTH: Final = 720
HEIGHT: Final = 132
EDGE: Final = 6
TOP: Final = 22  # above it stand the names of the gates
BASE: Final = 100  # the axis; below it one tick per arrival, and the times
TICK: Final = "v8"


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
    `grown` is an SVG path of the bytes that had come by each moment, `ticks` one of all arrivals; `headers` and `first`
    are places on the same axis, `total` and `end` what its ends stand for; `words` tells it all.
    """

    grown: str
    ticks: str
    gates: tuple[Gate, ...]
    headers: float | None
    first: float | None
    total: str
    end: str
    words: str


def timeline(exchange: Exchange) -> Timeline | None:
    """
    Nothing for an answer without a stream of text. Arrivals that fall on one pixel are one.
    """
    if not _streamed(exchange):
        return None
    total = max(exchange.body_bytes, sum(arrival.size for arrival in exchange.arrivals))
    return Timeline(
        grown=_grown(exchange, total),
        ticks=_ticks(exchange),
        gates=tuple(_gate(exchange, mark) for mark in exchange.gates),
        headers=_x(exchange, exchange.headers_at),
        first=_x(exchange, exchange.first_text_at),
        total=f"{total:,} bytes",
        end=milliseconds(exchange.ended_at - exchange.started),
        words=", ".join(_words(exchange)),
    )


def timeline_words(exchange: Exchange) -> str | None:
    """
    The same without the drawing, and in brief: a page may hold thousands of them.
    """
    if not _streamed(exchange):
        return None
    first = exchange.first_text_at
    said = [f"first text after {milliseconds(first - exchange.started)}"] if first is not None else []
    said += [_arrivals(exchange), f"{exchange.ended} end after {milliseconds(exchange.ended_at - exchange.started)}"]
    return ", ".join(said)


def _streamed(exchange: Exchange) -> bool:
    streamed = exchange.first_text_at is not None or bool(exchange.gates)
    return streamed and bool(exchange.arrivals) and exchange.ended_at > exchange.started


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def _grown(exchange: Exchange, total: int) -> str:
    steps: dict[int, str] = {}
    for at, came, unknown in _came(exchange, total):
        x, y = round(_x(exchange, at) or EDGE), round(BASE - (BASE - TOP) * came / max(total, 1))
        steps[x] = f"L{x} {y}" if unknown else f"H{x}V{y}"
    return f"M{EDGE} {BASE}{''.join(steps.values())}H{WIDTH - EDGE}"


def _came(exchange: Exchange, total: int) -> Iterator[tuple[float, int, bool]]:
    """
    How many bytes had come by each arrival, and whether the way there is unknown: of a long stream only both ends were
    kept, and the later one counts backwards.
    """
    arrivals = exchange.arrivals
    whole = exchange.arrival_count <= len(arrivals)
    half = len(arrivals) if whole else len(arrivals) // 2
    came = 0
    for place, arrival in enumerate(arrivals):
        if place == half:
            came = total - sum(later.size for later in arrivals[half:])
        came += arrival.size
        yield arrival.at, came, place == half


def _ticks(exchange: Exchange) -> str:
    places = {round(x) for arrival in exchange.arrivals if (x := _x(exchange, arrival.at)) is not None}
    return "".join(f"M{x} {BASE + 2}{TICK}" for x in sorted(places))


def _gate(exchange: Exchange, mark: GateMark) -> Gate:
    start = _x(exchange, mark.held_at) or 0.0
    end = _x(exchange, mark.released_at) if mark.released_at is not None else float(WIDTH - EDGE)
    return Gate(mark.gate, start, max((end or start) - start, 2.0))


def _x(exchange: Exchange, at: float | None) -> float | None:
    if at is None:
        return None
    share = (at - exchange.started) / (exchange.ended_at - exchange.started)
    return round(EDGE + (WIDTH - 2 * EDGE) * min(max(share, 0.0), 1.0), 1)


def _arrivals(exchange: Exchange) -> str:
    count = exchange.arrival_count or len(exchange.arrivals)
    return "1 arrival" if count == 1 else f"{count:,} arrivals"


def _words(exchange: Exchange) -> Iterator[str]:
    if exchange.headers_at is not None:
        yield f"headers after {milliseconds(exchange.headers_at - exchange.started)}"
    if exchange.first_text_at is not None:
        yield f"first text after {milliseconds(exchange.first_text_at - exchange.started)}"
    yield _arrivals(exchange)
    for mark in exchange.gates:
        held = f"upstream held at {mark.gate} after {milliseconds(mark.held_at - exchange.started)}"
        if mark.released_at is None:
            yield f"{held}, never released"
        else:
            by = f" ({mark.by})" if mark.by else ""
            yield f"{held}, released after {milliseconds(mark.released_at - exchange.started)}{by}"
    yield f"{exchange.ended} end after {milliseconds(exchange.ended_at - exchange.started)}"
