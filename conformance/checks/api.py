"""
Checks of what the read routes show: messages, counts, threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.checks.bodies import same_json
from conformance.checks.conditions import holds
from conformance.checks.finding import Finding, excerpt, plain
from conformance.checks.seen import Seen
from conformance.checks.sequences import sequence_lines
from conformance.checks.texts import mismatches
from conformance.model.scenario import ItemsMatch, MessageMatch, ThreadMatch, ThreadsMatch
from conformance.model.transcript import Message, Thread, Unseen
from conformance.text.jsonpath import NOTHING, one

__all__ = ["count", "items", "messages", "more", "thread", "threads"]


def messages(want: Sequence[MessageMatch], seen: Seen) -> Iterator[Finding]:
    """
    Exactly these messages are listed, in ascending order.
    """
    if seen.record.messages is None:
        yield from _unread("messages", seen)
        return
    want = seen.expected(want)
    lines = sequence_lines(want, seen.record.messages, seen)
    if lines:
        head = f"messages (listed by the API) are {len(seen.record.messages)}, expected {len(want)}"
        if len(seen.record.messages) == len(want):
            head = "messages (listed by the API) differ"
        yield seen.differs("messages", "api", "messages", [head, *lines], len(want), shown(seen.record.messages))


def count(want: int | str, seen: Seen) -> Iterator[Finding]:
    """
    How many messages are listed.
    """
    listed = seen.record.messages
    if listed is None:
        yield from _unread("count", seen)
    elif not holds(wanted := seen.string(want), len(listed)):
        line = f"{len(listed)} messages are listed by the API, expected {wanted}"
        yield seen.differs("count", "api", "count", [line], wanted, len(listed))


def more(want: bool, seen: Seen) -> Iterator[Finding]:
    """
    Whether a page says that more follows, where the profile says that it does.
    """
    path = seen.operation.says_more if seen.operation is not None else None
    if path is None:
        yield Unseen(witness="api", reason=f"profile {seen.profile.profile} names no place (`more`) that says so")
    elif seen.exchange is not None and (told := one(path, seen.exchange.value)) is not want:
        actual = excerpt(told) if told is not NOTHING else "not there"
        line = f"whether more follows ({path}) is {actual}, expected {excerpt(want)}"
        yield seen.differs("more", "api", "more", [line], want, None if told is NOTHING else told)


def thread(want: ThreadMatch, seen: Seen) -> Iterator[Finding]:
    """
    The thread's fields.
    """
    actual = seen.record.thread
    if actual is None:
        yield from _unread("thread", seen)
        return
    for name in ("id", "title", "created_at", "updated_at"):
        match = getattr(want, name)
        if match is not None:
            value = getattr(actual, name)
            lines = list(mismatches(match, str(value), seen)) if value is not None else ["is absent"]
            if lines:
                told = [f"thread {name} {lines[0]}", *lines[1:]]
                yield seen.differs("thread", "api", f"thread.{name}", told, plain(_plain_match(match)), plain(value))
    if want.message_count is not None:
        yield from _message_count(seen.string(want.message_count), actual.message_count, seen)
    for name, wanted in _plain_wanted(want, seen):
        value = getattr(actual, name)
        if not same_json(wanted, value):
            line = f"thread {name} is {excerpt(value)}, expected {excerpt(wanted)}"
            yield seen.differs("thread", "api", f"thread.{name}", [line], wanted, value)


def items(want: ItemsMatch, seen: Seen) -> Iterator[Finding]:
    """
    How many there are, which of those that are named are listed, and in which order. Others do not matter.
    """
    ids = seen.record.items
    if ids is None:
        yield from _unread("items", seen)
        return
    has, lacks, order = ([seen.string(one) for one in named] for named in (want.has, want.lacks, want.order))
    lines = [f"{one} is not listed" for one in has if one not in ids]
    lines += [f"{one} is listed" for one in lacks if one in ids]
    if order and (found := [one for one in ids if one in order]) != order:
        lines.append(f"they are listed in the order {', '.join(found) or 'none'}; expected {', '.join(order)}")
    if want.count is not None and not holds(wanted := seen.string(want.count), len(ids)):
        lines.append(f"{len(ids)} are listed, expected {wanted}")
    expected = {"count": want.count, "has": has, "lacks": lacks, "order": order}
    for line in lines:
        yield seen.differs("items", "api", "items", [line], expected, ids[:20])


def threads(want: ThreadsMatch, seen: Seen) -> Iterator[Finding]:
    """
    Which of the scenario's threads are listed, and in which order. Other threads of the target do not matter.
    """
    listed = seen.record.threads
    if listed is None:
        yield from _unread("threads", seen)
        return
    ids = [one.id for one in listed]
    lines = [
        *(f"thread {name} ({seen.thread(name)}) is not listed" for name in want.has if seen.thread(name) not in ids),
        *(f"thread {name} ({seen.thread(name)}) is listed" for name in want.lacks if seen.thread(name) in ids),
        *_order(want.order, listed, seen),
    ]
    for line in lines:
        yield seen.differs("threads", "api", "threads", [line], _plain_threads(want), [one.id for one in listed[:20]])


def _unread(check: str, seen: Seen) -> Iterator[Finding]:
    """
    The answer was a success and still not what the profile says: without this, an empty list would be seen in it.

    That a request failed is told by the status already.
    """
    exchange = seen.exchange
    if exchange is not None and (seen.operation is None or exchange.status in seen.operation.status):
        line = f"no {check} can be read from the answer: {excerpt(exchange.body)}"
        yield seen.differs(check, "api", check, [line], None, plain(exchange.body))


def _order(want: Sequence[str], listed: Sequence[Thread], seen: Seen) -> Iterator[str]:
    names = {seen.thread(name): name for name in want}
    found = [names[one.id] for one in listed if one.id in names]
    if want and found != list(want):
        yield f"threads are listed in the order {', '.join(found) or 'none'}; expected {', '.join(want)}"


def shown(messages: Sequence[Message]) -> list[dict[str, object]]:
    """
    Messages as a report keeps them: role and shortened text, the first twenty.
    """
    return [{"role": one.role, "text": plain(one.text)} for one in messages[:20]]


def _plain_match(match: object) -> object:
    return match if isinstance(match, str) else str(match)


def _message_count(want: str, actual: object, seen: Seen) -> Iterator[Finding]:
    if isinstance(actual, bool) or not isinstance(actual, int) or not holds(want, actual):
        line = f"thread message_count is {excerpt(actual)}, expected {want}"
        yield seen.differs("thread", "api", "thread.message_count", [line], want, actual)


def _plain_wanted(want: ThreadMatch, seen: Seen) -> Iterator[tuple[str, object]]:
    """
    What is compared as a value and not as a text.
    """
    if want.metadata is not None:
        yield "metadata", seen.fill(want.metadata)
    if want.archived is not None:
        yield "archived", want.archived
    if want.owner is not None:
        yield "owner", seen.string(want.owner)


def _plain_threads(want: ThreadsMatch) -> dict[str, list[str]]:
    return {"has": want.has, "lacks": want.lacks, "order": want.order}
