"""
Whether a prompt is one that every model takes: a rule for each request that a target sends to its model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from conformance.checks.finding import excerpt
from conformance.model.transcript import Message, UpstreamCall

__all__ = ["ROLES", "has_system", "ill_formed"]

ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})
_SYSTEM: Final = frozenset({"system", "developer"})


def has_system(call: UpstreamCall) -> bool:
    """
    Whether a system message is in the prompt.
    """
    return any(message.role in _SYSTEM for message in call.messages)


def ill_formed(call: UpstreamCall) -> Iterator[str]:
    """
    What is wrong with the prompt of a call, a line each: roles, system messages, empty messages, tool calls and their
    results, its end, and keys that no chat API defines.
    """
    yield from _roles(call.messages)
    yield from _system(call.messages)
    yield from _empty(call.messages)
    yield from _pairs(call.messages)
    last = call.messages[-1].role if call.messages else None
    if call.matched == "text" and last not in (None, "user", "tool"):
        yield f"the prompt ends with a message of the {last}, not with what is to be answered"
    if call.extra:
        yield f"messages have keys that no chat API defines: {', '.join(call.extra)}"


def _roles(messages: Sequence[Message]) -> Iterator[str]:
    for place, message in enumerate(messages):
        if message.role not in ROLES:
            yield f"prompt[{place}] has the role {excerpt(message.role)}, which no model knows"


def _system(messages: Sequence[Message]) -> Iterator[str]:
    """
    System messages stand before the conversation, each once.
    """
    talked = False
    told: list[object] = []
    for place, message in enumerate(messages):
        if message.role not in _SYSTEM:
            talked = True
        elif message.text in told:
            yield f"prompt[{place}] is the same system message again: {excerpt(message.text)}"
        elif talked:
            yield f"prompt[{place}] is a system message behind the beginning of the conversation"
        if message.role in _SYSTEM:
            told.append(message.text)


def _empty(messages: Sequence[Message]) -> Iterator[str]:
    for place, message in enumerate(messages):
        said = message.text is not None and message.text.length > 0
        if not said and not message.tool_calls and message.role != "tool":
            yield f"prompt[{place}] is an empty message of the {message.role}, which models refuse"


def _pairs(messages: Sequence[Message]) -> Iterator[str]:
    """
    Each call has one result, right behind the message that calls; there is no result without its call.
    """
    waiting: list[str] = []
    for place, message in enumerate(messages):
        if message.role == "tool":
            if message.tool_call_id in waiting:
                waiting.remove(message.tool_call_id)
            else:
                call = excerpt(message.tool_call_id)
                yield f"prompt[{place}] is a result of {call}, and no call before it waits for one"
            continue
        yield from _unanswered(waiting, place)
        waiting = [one.id for one in message.tool_calls]
    yield from _unanswered(waiting, len(messages))


def _unanswered(waiting: Sequence[str], place: int) -> Iterator[str]:
    if waiting:
        yield f"no result of {', '.join(map(excerpt, waiting))} stands before prompt[{place}]"
