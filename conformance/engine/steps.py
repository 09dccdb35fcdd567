"""
One step: its effects, its record, its polling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Any, Final, TypeVar

import msgspec

from conformance.checks.finding import Finding
from conformance.engine import effects as fx
from conformance.engine import reading
from conformance.engine.effects import Effect, Observation
from conformance.engine.filling import fill_thread
from conformance.engine.prepare import Prepared, prepare
from conformance.engine.sight import action_of
from conformance.engine.stage import Stage
from conformance.model.outcome import Difference
from conformance.model.profile import Operation
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange, Message, StepRecord, Thread, Unseen, UpstreamCall
from conformance.text import template

__all__ = ["NoThread", "perform"]

Performing = Generator[Effect, Observation, None]
Recording = Generator[Effect, Observation, StepRecord]
Item = TypeVar("Item", Message, Thread)

POLL: Final = 0.02  # seconds between two looks; a look at the store costs about 1 ms
LEFT: Final = 5.0  # seconds a server has for finishing a turn whose client left; measured turns take under 0.1 s
PAGES: Final = 1000  # no list has more; a cursor that does not advance ends here

POLLED: Final = frozenset({"list_messages", "list_threads", "get_thread", "query", "sql"})


class NoThread(Exception):
    """
    The server gave a thread no id that can be read, so nothing more can be asked of it.
    """


def perform(stage: Stage, step: Step, index: str) -> Performing:
    """
    Do one step, keep its record. Raises `NoThread`.
    """
    yield from _threads_exist(stage, step, index)
    if step.together is not None:
        yield from _together(stage, step, step.together, index)
    elif step.during is not None:
        yield from _during(stage, step, step.during, index)
    elif action_of(step) in POLLED:
        yield from _polled(stage, step, index)
    else:
        record = yield from (fill_thread if step.fill is not None else _sent)(stage, step, index)
        stage.keep(step, record, stage.examine(step, record))


def _threads_exist(stage: Stage, step: Step, index: str) -> Performing:
    """
    Where the server names threads, a thread is made before its first use.
    """
    action = getattr(step, action_of(step))
    name = getattr(action, "thread", None)
    if name is None or name in stage.bindings or step.create_thread is not None:
        return
    create = msgspec.convert({"create_thread": {"thread": name}}, Step)
    record = yield from _sent(stage, create, f"{index}.0")
    stage.keep(create, record, stage.examine(create, record))
    if name not in stage.bindings:
        raise NoThread(name)


def _sent(stage: Stage, step: Step, index: str) -> Recording:
    prepared = prepare(stage, step, index)
    exchange = yield prepared.send
    assert isinstance(exchange, Exchange)
    return (yield from _concluded(stage, step, index, prepared, exchange))


def _concluded(stage: Stage, step: Step, index: str, prepared: Prepared, exchange: Exchange) -> Recording:
    """
    A record of an exchange: read as the profile says, with the upstream calls of a turn.
    """
    calls: list[UpstreamCall] | None = None
    unseen: list[Unseen] = []
    if prepared.send.turn is not None:
        seen = yield fx.Calls(prepared.send.turn.key)
        calls, unseen = (None, [seen]) if isinstance(seen, Unseen) else (_calls(seen), [])
    _bind(stage, step, prepared, exchange)
    record = StepRecord(index=index, action=prepared.action, title=prepared.title, calls=calls, unseen=unseen)
    return _read(record, prepared, exchange)


def _calls(seen: Observation) -> list[UpstreamCall]:
    assert isinstance(seen, list)
    return seen


def _bind(stage: Stage, step: Step, prepared: Prepared, exchange: Exchange) -> None:
    """
    Bind what the step gave names to, and count the messages it has put into its thread.
    """
    made = None if prepared.operation is None else reading.identity(exchange, prepared.operation)
    if step.create_thread is not None and made is not None:
        stage.bindings[step.create_thread.thread] = made
    if step.as_:
        stage.bindings.update({f"{step.as_}.{name}": value for name, value in prepared.binds.items()})
        if made is not None:
            stage.bindings[f"{step.as_}.id"] = made
    if prepared.operation is not None and exchange.status in prepared.operation.status:
        _count(stage, step)
    stage.left = stage.left or (step.chat is not None and step.chat.leave is not None)


def _count(stage: Stage, step: Step) -> None:
    if step.chat is not None:
        stage.counts[step.chat.thread] = stage.counts.get(step.chat.thread, 0) + 2
    elif step.add_message is not None:
        stage.counts[step.add_message.thread] = stage.counts.get(step.add_message.thread, 0) + 1
    elif step.clear_messages is not None:
        stage.counts[step.clear_messages.thread] = 0


def _read(record: StepRecord, prepared: Prepared, exchange: Exchange) -> StepRecord:
    operation = prepared.operation
    if operation is None:
        return msgspec.structs.replace(record, exchanges=[exchange])
    change: dict[str, Any] = {"exchanges": [_with_text(exchange, prepared)]}
    if prepared.action in ("get_thread", "create_thread", "update_thread"):
        change["thread"] = reading.thread(exchange, operation)
    return msgspec.structs.replace(record, **change)


def _with_text(exchange: Exchange, prepared: Prepared) -> Exchange:
    if prepared.action != "chat" or prepared.operation is None or prepared.operation.stream is not None:
        return exchange
    return msgspec.structs.replace(exchange, text=reading.answer_text(exchange, prepared.operation))


def _polled(stage: Stage, step: Step, index: str) -> Performing:
    """
    Look until the expectations hold or the profile's bound has passed; keep the last look, and how long it took.
    """
    look = _looks(step)
    bound = max(_seconds(stage.profile.settle), LEFT if stage.left else 0.0)
    record = yield from look(stage, step, index)
    findings = stage.examine(step, record)
    attempts, lag = 1, 0.0
    if bound and _differs(findings):
        began = yield fx.Pause(POLL)
        while _differs(findings) and lag < bound:
            record = yield from look(stage, step, index)
            findings = stage.examine(step, record)
            attempts += 1
            now = yield fx.Pause(POLL if _differs(findings) else 0.0)
            assert isinstance(now, float)
            assert isinstance(began, float)
            lag = now - began + POLL
    stage.keep(step, msgspec.structs.replace(record, attempts=attempts, lag=lag), findings)


def _looks(step: Step) -> Callable[[Stage, Step, str], Recording]:
    if step.list_messages is not None:
        return _listed
    if step.list_threads is not None:
        return _listed_threads
    return _queried if step.query is not None or step.sql is not None else _sent


def _listed(stage: Stage, step: Step, index: str) -> Recording:
    """
    All pages of a thread's messages in ascending order, or the one page that the step asks for.
    """
    assert step.list_messages is not None
    one_page = step.list_messages.limit is not None or step.list_messages.after is not None

    def read(exchange: Exchange, operation: Operation) -> list[Message] | None:
        return reading.messages(exchange, operation, stage.profile)

    record, found = yield from _paged(stage, step, index, read, one_page)
    if found is not None and _descends(stage, step):
        found.reverse()
    return msgspec.structs.replace(record, messages=found)


def _listed_threads(stage: Stage, step: Step, index: str) -> Recording:
    record, found = yield from _paged(stage, step, index, reading.threads, one_page=False)
    return msgspec.structs.replace(record, threads=found)


def _paged(
    stage: Stage, step: Step, index: str, read: Callable[[Exchange, Operation], list[Item] | None], one_page: bool
) -> Generator[Effect, Observation, tuple[StepRecord, list[Item] | None]]:
    """
    The record of a list's pages, and what was on them; nothing where one of them was no list.
    """
    exchanges: list[Exchange] = []
    found: list[Item] | None = []
    cursor: dict[str, Any] = {}
    while len(exchanges) < PAGES:
        prepared = prepare(stage, step, index, cursor)
        exchange = yield prepared.send
        assert isinstance(exchange, Exchange)
        assert prepared.operation is not None
        exchanges.append(exchange)
        page = read(exchange, prepared.operation)
        found = None if page is None or found is None else found + page
        after = None if page is None or one_page else reading.next_cursor(exchange, prepared.operation, page)
        if after is None or {"after": after} == cursor:
            break
        cursor = {"after": after}
    action = action_of(step)
    return StepRecord(index=index, action=action, title=prepared.title, exchanges=exchanges[-3:]), found


def _descends(stage: Stage, step: Step) -> bool:
    assert step.list_messages is not None
    return step.list_messages.order is None and stage.profile.operations["list_messages"].order == "descending"


def _queried(stage: Stage, step: Step, index: str) -> Recording:
    native = step.sql is not None
    text = step.sql if step.sql is not None else step.query
    assert text is not None
    sql, parameters = _parameters(stage, text)
    seen = yield (
        fx.Native(sql, parameters) if native else fx.Query(sql, parameters, stage.threads, _canaries(stage, text))
    )
    record = StepRecord(index=index, action="sql" if native else "query", title=" ".join(text.split()))
    if isinstance(seen, Unseen):
        return msgspec.structs.replace(record, unseen=[seen])
    assert isinstance(seen, fx.Rows)
    return msgspec.structs.replace(record, rows=list(seen.rows))


def _canaries(stage: Stage, text: str) -> tuple[str, ...]:
    """
    The tokens that a query names: only for them the whole table is searched, not only this run's threads.
    """
    names = (name for name, _ in template.names(text))
    return tuple(str(stage.lookup(name)) for name in names if name.split(".")[0] == "canary")


def _parameters(stage: Stage, text: str) -> tuple[str, dict[str, Any]]:
    """
    Placeholders become bound parameters, `:p0`, `:p1`, ...: a value never becomes SQL.
    """
    values: dict[str, Any] = {}

    def parameter(found: re.Match[str]) -> str:
        name = f"p{len(values)}"
        values[name] = stage.lookup(found[1])
        return f":{name}"

    return re.sub(r"\$\{([^}]+)\}", parameter, text), values


def _during(stage: Stage, step: Step, inner: list[Step], index: str) -> Performing:
    """
    Start a turn, do the inner steps while the upstream is held, then let it go on.
    """
    prepared = prepare(stage, step, index)
    send = _opening(prepared.send, "steps")
    started = yield fx.Start(send)
    assert isinstance(started, fx.Started)
    for place, one in enumerate(inner, start=1):
        yield from perform(stage, one, f"{index}.{place}")
    exchange = yield fx.Finish(started.turn)
    assert isinstance(exchange, Exchange)
    record = yield from _concluded(stage, step, index, prepared, exchange)
    record = msgspec.structs.replace(record, met=started.held)
    stage.keep(step, record, stage.examine(step, record))


def _opening(send: fx.Send, opens: Any) -> fx.Send:
    return fx.Send(send.operation, send.request, send.framing, send.turn, opens, send.leave)


def _together(stage: Stage, step: Step, members: list[Step], index: str) -> Performing:
    """
    Send all members at the same moment; each keeps a record of its own.
    """
    places = [f"{index}.{place}" for place in range(1, len(members) + 1)]
    for member, place in zip(members, places, strict=True):
        yield from _threads_exist(stage, member, place)
    ready = [prepare(stage, member, place) for member, place in zip(members, places, strict=True)]
    opens = "met" if step.meet else "text"
    met = yield fx.Together(tuple(_opening(one.send, opens) for one in ready), meet=step.meet is not None)
    assert isinstance(met, fx.Met)
    for member, place, one, exchange in zip(members, places, ready, met.exchanges, strict=True):
        record = yield from _concluded(stage, member, place, one, exchange)
        if step.meet:
            record = msgspec.structs.replace(record, met=met.met)
        stage.keep(member, record, stage.examine(member, record))


def _differs(findings: list[Finding]) -> bool:
    return any(isinstance(one, Difference) for one in findings)


def _seconds(duration: str) -> float:
    return float(duration[:-2]) / 1000 if duration.endswith("ms") else float(duration[:-1])
