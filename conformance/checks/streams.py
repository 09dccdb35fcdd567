"""
Checks of how an answer came: progressive or in one piece, marked or cut, well formed or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conformance.checks.conditions import holds
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.model.outcome import LATE
from conformance.model.profile import Operation
from conformance.model.scenario import StreamMatch
from conformance.model.transcript import Exchange, GateMark, Unseen

__all__ = ["complete_problems", "stream"]

DECLARED: Final = "declared"  # the content type that the profile promises


def stream(want: StreamMatch, seen: Seen) -> Iterator[Finding]:
    """
    Everything said of the stream, each difference by itself.
    """
    exchange = seen.exchange
    if exchange is None:
        return
    for at, line, expected, actual in _plain_differences(want, exchange, seen):
        yield seen.differs("stream", "wire", f"stream.{at}", [line], expected, actual)
    if want.first_before is not None:
        yield from _first_before(want.first_before.gate, exchange, seen)


def complete_problems(exchange: Exchange, operation: Operation | None) -> Iterator[str]:
    """
    Why an answer is not complete: its end did not come, an error came in it, or its terminal marker is missing.
    """
    if exchange.ended != "clean":
        yield f"the answer's body ended {exchange.ended}{_because(exchange)}, expected a clean end"
    if exchange.end is None or exchange.status is None or exchange.status >= 400:
        return
    if exchange.end.error is not None:
        yield f"the stream carries an error: {exchange.end.error}"
    elif _marks_its_end(operation) and exchange.end.terminal is None:
        yield "the stream ended without its terminal marker"


def _marks_its_end(operation: Operation | None) -> bool:
    return operation is not None and operation.stream is not None and operation.stream.terminal


def _plain_differences(want: StreamMatch, exchange: Exchange, seen: Seen) -> Iterator[tuple[str, str, object, object]]:
    end = exchange.end
    if want.arrivals is not None and not holds(wanted := seen.string(want.arrivals), exchange.arrival_count):
        line = f"stream came in {exchange.arrival_count} arrivals, expected {wanted}"
        yield "arrivals", line, want.arrivals, exchange.arrival_count
    if want.complete is not None:
        yield from _complete(want.complete, exchange, seen.operation)
    if want.ends is not None and exchange.ended != want.ends:
        yield (
            "ends",
            f"stream ended {exchange.ended}{_because(exchange)}, expected {want.ends}",
            want.ends,
            exchange.ended,
        )
    yield from _terminal(want.terminal, end.terminal if end else None)
    if want.well_formed and end is not None and end.problems:
        yield "well_formed", f"stream is not well formed: {'; '.join(end.problems[:5])}", [], end.problems
    yield from _declared(want, exchange, seen.operation)


def _terminal(want: bool | str | None, marker: str | None) -> Iterator[tuple[str, str, object, object]]:
    """
    A marker or none, or this marker: where a framing has several signs of an end, the last of them may be wanted.
    """
    if want is None or want == (marker if isinstance(want, str) else marker is not None):
        return
    wanted = want if isinstance(want, str) else "one" if want else "none"
    yield "terminal", f"terminal marker is {marker}, expected {wanted}", want, marker


def _declared(
    want: StreamMatch, exchange: Exchange, operation: Operation | None
) -> Iterator[tuple[str, str, object, object]]:
    end = exchange.end
    if want.usage is not None and (end is not None and end.usage is not None) != want.usage:
        yield "usage", f"stream has {'no ' if want.usage else ''}usage figures", want.usage, end.usage if end else None
    if want.finish is not None and (end is None or end.finish != want.finish):
        actual = end.finish if end else None
        yield "finish", f"finish reason is {actual or 'null'}, expected {want.finish}", want.finish, actual
    promised = operation.stream.content_type if operation is not None and operation.stream is not None else None
    wanted = promised if want.content_type == DECLARED else want.content_type
    if wanted is not None:
        actual = {name.lower(): value for name, value in exchange.headers.items()}.get("content-type", "")
        if actual.split(";")[0].strip().lower() != wanted:
            yield "content_type", f"content type is {actual!r}, expected {wanted}", wanted, actual


def _complete(want: bool, exchange: Exchange, operation: Operation | None) -> Iterator[tuple[str, str, object, object]]:
    problems = list(complete_problems(exchange, operation))
    if want:
        for problem in problems:
            yield "complete", problem, True, False
    elif exchange.ended == "timeout":
        yield (
            "complete",
            f"the answer never ended{_because(exchange)}, expected an error or an abrupt end",
            False,
            "timeout",
        )
    elif exchange.ended in ("refused", "too-large"):
        # Nobody was there, or we went away: neither is a failure of the turn that a client was told of.
        yield "complete", f"the answer ended {exchange.ended}{_because(exchange)}", False, exchange.ended
    elif not problems and (exchange.status or 0) < 400:
        line = "the answer looks complete, expected an error in the stream or an abrupt end"
        yield "complete", line, False, True


def _because(exchange: Exchange) -> str:
    return f" ({exchange.trouble})" if exchange.trouble else ""


def _first_before(gate: str, exchange: Exchange, seen: Seen) -> Iterator[Finding]:
    if (unseen := seen.unseen("upstream")) is not None:
        yield unseen
        return
    mark = next((one for one in _gates(exchange, seen) if one.gate == gate), None)
    if mark is None:
        yield Unseen(witness="upstream", reason=f"the upstream was never held at {gate}, so the stream was not tried")
    elif _arrived(mark, exchange):
        return
    elif mark.by == "deadline" and seen.late > LATE:
        reason = f"our own event loop was {seen.late:.1f} s late, so the deadline of the gate {gate} shows nothing"
        yield Unseen(witness="wire", reason=reason, by_chance=True)
    else:
        line = f"no text arrived while the upstream was held at {gate}: the answer is buffered, not streamed"
        yield seen.differs("stream", "wire", "stream.first_before", [line], gate, "buffered")


def _arrived(gate: GateMark, exchange: Exchange) -> bool:
    """
    Whether a text had come before the gate was opened. Where it was what opened the gate, or what made us leave, no
    clock is asked.
    """
    if gate.by == "text" or (gate.by == "left" and exchange.ended == "left"):
        return True
    first, released = exchange.first_text_at, gate.released_at
    return first is not None and released is not None and first < released


def _gates(exchange: Exchange, seen: Seen) -> list[GateMark]:
    return [*exchange.gates, *(gate for call in seen.record.calls or [] for gate in call.gates)]
