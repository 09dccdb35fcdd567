"""
Lists: all pages of one, or the single page that a step asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from conformance.engine import reading
from conformance.engine.effects import Effect, Observation
from conformance.engine.prepare import prepare
from conformance.engine.requests import placeholders
from conformance.engine.sending import Recording
from conformance.engine.sight import action_of
from conformance.engine.stage import Stage
from conformance.model.profile import Operation
from conformance.model.scenario import Step
from conformance.model.transcript import Exchange, Message, StepRecord, Thread

__all__ = ["LISTS", "listed"]

Item = TypeVar("Item", Message, Thread, str)
Reader = Callable[[Exchange, Operation], "list[Item] | None"]

PAGES: Final = 1000  # no list has more; a cursor that does not advance ends here

LISTS: Final = frozenset(
    {"list_messages", "list_threads", "list_assistants", "list_agents", "list_runs", "list_steps", "search"}
)

LARGE: Final = 2**19  # bytes of a body; a thread of 1,000 messages has a third of that

_OF_THE_BODY: Final = ("body", "schema", "more", "nowhere")
_ONE_PAGE: Final = ("limit", "after", "before", "offset")


def listed(stage: Stage, step: Step, index: str) -> Recording:
    """
    The record of a list, its messages in ascending order where the step asks for no other.
    """
    if step.list_messages is not None:
        return (yield from _listed_messages(stage, step, index))
    if step.list_threads is not None:
        record, threads = yield from _paged(stage, step, index, reading.threads)
        return msgspec.structs.replace(record, threads=threads)
    record, items = yield from _paged(stage, step, index, reading.items)
    return msgspec.structs.replace(record, items=items)


def _listed_messages(stage: Stage, step: Step, index: str) -> Recording:
    def read(exchange: Exchange, operation: Operation) -> list[Message] | None:
        return reading.messages(exchange, operation, stage.profile)

    record, found = yield from _paged(stage, step, index, read)
    if found is not None and _descends(stage, step):
        found.reverse()
    return msgspec.structs.replace(record, messages=found)


def _paged(
    stage: Stage, step: Step, index: str, read: Reader[Item]
) -> Generator[Effect, Observation, tuple[StepRecord, list[Item] | None]]:
    """
    The record of a list's pages, and what was on them; nothing where one of them was no list.
    """
    action = action_of(step)
    one_page = any(getattr(getattr(step, action), name, None) is not None for name in _ONE_PAGE)
    exchanges: list[Exchange] = []
    found: list[Item] | None = []
    sizes: list[int] = []
    place: dict[str, Any] | None = {}
    while place is not None and len(exchanges) < PAGES:
        prepared = prepare(stage, step, index, place)
        exchange = yield prepared.send
        assert isinstance(exchange, Exchange)
        assert prepared.operation is not None
        page = read(exchange, prepared.operation)
        exchanges.append(exchange if page is None else _kept(exchange, step))
        found = None if page is None or found is None else found + page
        sizes.append(len(page or []))
        place = None if page is None or one_page else _next(exchange, prepared.operation, page, sizes, place)
    return StepRecord(index=index, action=action, title=prepared.title, exchanges=exchanges[-3:]), found


def _kept(exchange: Exchange, step: Step) -> Exchange:
    """
    The exchange without its value, where that is large and nobody asks for more of it than the list's messages: these
    are kept by themselves.
    """
    asked = step.expect is not None and any(getattr(step.expect, name) is not None for name in _OF_THE_BODY)
    if step.list_messages is None or asked or exchange.body_bytes <= LARGE:
        return exchange
    return msgspec.structs.replace(exchange, value=None)


def _next(
    exchange: Exchange, operation: Operation, page: Sequence[Item], sizes: Sequence[int], place: dict[str, Any]
) -> dict[str, Any] | None:
    """
    Where the next page begins; nothing after the last one.
    """
    if operation.pages == "offset" and "offset" in placeholders(operation.request):
        over = not page or sizes[-1] < sizes[0] or reading.says_no_more(exchange, operation)
        return None if over else {"offset": sum(sizes)}
    after = reading.next_cursor(exchange, operation, page)
    return None if after is None or {"after": after} == place else {"after": after}


def _descends(stage: Stage, step: Step) -> bool:
    assert step.list_messages is not None
    return step.list_messages.order is None and stage.profile.operations["list_messages"].order == "descending"
