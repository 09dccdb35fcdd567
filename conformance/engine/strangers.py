"""
Tokens of one thread, found where another one was spoken of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from conformance.checks.finding import excerpt
from conformance.engine.naming import CANARY
from conformance.model.outcome import Difference
from conformance.model.scenario import OPERATIONS, Step
from conformance.model.text import Text
from conformance.model.transcript import StepRecord, Witness
from conformance.text import template

__all__ = ["strangers"]

_OF_ONE_THREAD: Final = frozenset({"chat", "list_messages", "get_thread", "get_message", "export_thread"})
_SPREADS: Final = frozenset({"share_thread", "call"})  # what these do with a text, only the scenario knows


def strangers(
    records: list[StepRecord], steps: Mapping[str, Step], bindings: Mapping[str, Any]
) -> Iterator[Difference | None]:
    """
    A difference for each place that shows a token of another thread, or of another scenario; None for a place that was
    searched and shows none.
    """
    if any(getattr(step, name) is not None for step in steps.values() for name in _SPREADS):
        return
    own = {value: owners for name, owners in _owners(steps).items() if isinstance(value := bindings.get(name), str)}
    for record in records:
        step = steps.get(record.index)
        if step is None or record.action not in _OF_ONE_THREAD:
            continue
        thread = getattr(getattr(step, record.action), "thread", None)
        for place, witness, texts in _places(record):
            found = {token for text in texts for token in CANARY.findall(text)}
            foreign = sorted(one for one in found if not _belongs(one, thread, own, bindings))
            yield _leak(record, foreign[0], thread, place, witness) if foreign else None


def _belongs(token: str, thread: str | None, own: Mapping[str, set[str]], bindings: Mapping[str, Any]) -> bool:
    if token not in own:
        return token in bindings.values()
    return thread in own[token] or not own[token]


def _leak(record: StepRecord, token: str, thread: str | None, place: str, witness: Witness) -> Difference:
    line = f"{excerpt(token)}, which was never said in thread {thread}, is in the {place}"
    return Difference(
        check="strangers", step=record.index, at=place, witness=witness, lines=[line], expected=None, actual=token
    )


def _owners(steps: Mapping[str, Step]) -> dict[str, set[str]]:
    """
    In which threads each token is said; nothing for one that is said outside of any.
    """
    found: dict[str, set[str]] = {}
    free: set[str] = set()
    for step in steps.values():
        for action in (*OPERATIONS, "fill", "call", "query", "sql"):
            value = getattr(step, action)
            if value is None:
                continue
            thread = getattr(value, "thread", None)
            for name in _tokens(msgspec.to_builtins(value)):
                if thread is None:
                    free.add(name)
                found.setdefault(name, set()).add(str(thread))
    return {name: set() if name in free else threads for name, threads in found.items()}


def _tokens(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield from (name for name, _ in template.names(tree) if name.split(".")[0] == "canary")
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from _tokens(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _tokens(value)


def _places(record: StepRecord) -> Iterator[tuple[str, Witness, list[str]]]:
    answers = [text for one in record.exchanges for text in (one.text, one.body)]
    yield "answer", "wire", [_shown(one) for one in answers if one is not None]
    calls = [call for call in record.calls or [] if call.matched != "aside"]
    if calls:
        prompts = [message.text for call in calls for message in call.messages]
        yield "prompt", "upstream", [_shown(one) for one in prompts if one is not None]


def _shown(text: Text) -> str:
    return text.whole if text.whole is not None else text.head
