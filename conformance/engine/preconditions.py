"""
Whether what a scenario tried had come about: a fault that missed, and turns that never met, show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from conformance.engine.faults import unmet_link
from conformance.model.outcome import LATE, Difference
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange, StepRecord, Transcript, Unseen

__all__ = ["begun_after", "blocked", "lapsed", "missed", "ran_apart", "unmet"]

TOO_MANY: Final = 429
SECOND: Final = 1.0  # Retry-After counts whole seconds, and some servers round down
BLOCKED: Final = 5.0  # seconds that a step waits before its model's gate is let go: it waits for that gate


def unmet(step: Step, record: StepRecord) -> Iterator[Unseen]:
    """
    What did not come about in one step.
    """
    yield from unmet_link(record)
    exchange = record.exchanges[-1] if record.exchanges else None
    if step.chat is None or step.chat.leave is None or exchange is None:
        return
    if exchange.ended == "clean" and exchange.status is not None and exchange.status < 400:
        reason = f"step {record.index}: the answer had ended before its client could leave"
        yield Unseen(witness="wire", reason=reason, by_chance=True)
    elif exchange.ended == "left" and step.chat.leave != "end" and _was_over(exchange, record):
        reason = f"step {record.index}: the model had said all before the client left"
        yield Unseen(witness="upstream", reason=reason, by_chance=True)


def _was_over(exchange: Exchange, record: StepRecord) -> bool:
    return any(call.ended_at is not None and call.ended_at < exchange.ended_at for call in record.calls or [])


def ran_apart(steps: Mapping[str, Step], records: Sequence[StepRecord]) -> Iterator[Unseen]:
    """
    Members of a `together` whose exchange was over before any other began. Where they are to meet at a gate, that one
    says more.
    """
    for index, step in steps.items():
        if step.together is None or step.meet is not None:
            continue
        members = {f"{index}.{place}" for place in range(1, len(step.together) + 1)}
        inner = [record for record in records if record.index in members and record.exchanges]
        for record in inner:
            others = [one.exchanges[-1] for one in inner if one is not record]
            if others and not any(_overlap(record.exchanges[-1], other) for other in others):
                reason = f"step {record.index}: its request did not overlap with any other of step {index}"
                yield Unseen(witness="wire", reason=reason, by_chance=True)


def _overlap(one: Exchange, other: Exchange) -> bool:
    return one.started < other.ended_at and other.started < one.ended_at


def missed(step: Step, record: StepRecord) -> str | None:
    """
    Why the turns of a step did not meet, or its turn was not held while its inner steps were played.
    """
    if step.during is not None and (record.met is False or _let_go(record) is not None):
        return (
            f"step {record.index}: the upstream was not held at its gate, so the inner steps did not fall into the turn"
        )
    return f"step {record.index}: the turns did not overlap" if record.met is False else None


def begun_after(record: StepRecord, transcript: Transcript) -> set[str]:
    """
    The inner steps that were begun when the turn was held no more; any may have been where our own loop was late.
    """
    inner = [one for one in transcript.records if one.index.startswith(f"{record.index}.")]
    if transcript.loop_lag > LATE:
        return {one.index for one in inner}
    released = _let_go(record)
    if released is None:
        return set()
    return {one.index for one in inner if one.exchanges and one.exchanges[-1].started - one.lag > released}


def _let_go(record: StepRecord) -> float | None:
    """
    When the model's gate had opened by itself, because nobody had come to open it.
    """
    gates = [gate for call in record.calls or [] for gate in call.gates if gate.by == "deadline"]
    return min((gate.released_at for gate in gates if gate.released_at is not None), default=None)


def blocked(transcript: Transcript, steps: Mapping[str, Step]) -> Iterator[Difference]:
    """
    Steps of a `during` that were answered only when the gate was let go because nobody came to open it: they wait for
    the turn that waits for them.
    """
    if transcript.loop_lag > LATE:
        return
    for record in transcript.records:
        step = steps.get(record.index)
        released = _let_go(record)
        if step is None or step.during is None or released is None:
            continue
        for inner in transcript.records:
            own = steps.get(inner.index)
            if inner.index.startswith(f"{record.index}.") and own is not None:
                yield from _waited(own, inner, record.index, released)


def _waited(own: Step, inner: StepRecord, outer: str, released: float) -> Iterator[Difference]:
    """
    A turn with inner steps of its own is answered late by design; it waits where it did not ask its model before.
    """
    exchange = inner.exchanges[-1] if inner.exchanges else None
    if exchange is None or exchange.started >= released - BLOCKED:
        return
    asked = [call.at for call in inner.calls or []]
    came = exchange.ended_at if own.during is None else min(asked, default=0.0)
    if came > released:
        what = "no answer" if own.during is None else "no call to the model"
        seconds = released - exchange.started
        line = f"{what} for {seconds:.1f} s, until the model's answer to step {outer} was let go: it waits for it"
        yield Difference(
            check="success", step=inner.index, at="status", witness="wire", lines=[line], expected="an answer"
        )


def lapsed(transcript: Transcript, steps: Mapping[str, Step]) -> tuple[str, str] | None:
    """
    At which step a refusal that is expected was not due any more, and why: an earlier one had said when to come again,
    and that time had come. Many servers count by the minute of the clock, and one may end within any scenario.
    """
    again: dict[str | None, float] = {}
    for record in transcript.records:
        step = steps.get(record.index)
        exchange = record.exchanges[-1] if record.exchanges else None
        if step is None or exchange is None or exchange.status is None:
            continue
        due = again.get(step.by)
        if _wants_limit(step) and exchange.status < 400 and due is not None and exchange.started > due - SECOND:
            reason = f"step {record.index}: the limit refused nothing any more, as it had said by its Retry-After"
            return record.index, reason
        if exchange.status == TOO_MANY and (told := _told(exchange)) is not None:
            again[step.by] = exchange.ended_at + told
    return None


def _wants_limit(step: Step) -> bool:
    error = step.expect.error if step.expect is not None else None
    return error == "limited" or (isinstance(error, list) and "limited" in error)


def _told(exchange: Exchange) -> int | None:
    """
    The seconds of `Retry-After` (RFC 9110, section 10.2.3); its other form, a date, is not read. 0 tells nothing: the
    refusal would have been none.
    """
    found = [value for name, value in exchange.headers.items() if name.lower() == "retry-after"]
    return (int(found[0]) or None) if found and found[0].isascii() and found[0].isdigit() else None
