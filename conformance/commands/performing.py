"""
Perform what a draft asks for: send, wait, look at what the model was sent, and ask whoever sits at the terminal.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

import click

from conformance.commands.values import value_of
from conformance.drafting.draft import Draft, Question, Wanted
from conformance.driver.http import Wire
from conformance.driver.ports import UpstreamPort
from conformance.engine.effects import Calls, Pause, Send
from conformance.errors import UsageError
from conformance.model.transcript import Exchange, UpstreamCall
from conformance.reporting.visible import inline

__all__ = ["Performer"]

UNKNOWN: Final = "unknown"


@dataclass(slots=True)
class Performer:
    """
    Talks to the target; where there is an upstream witness, each turn is shown to it before.
    """

    wire: Wire
    upstream: UpstreamPort | None = None
    _began: float = field(default_factory=time.monotonic)

    async def perform(self, wanted: Generator[Wanted, Any, Draft]) -> Draft:
        answer: Any = None
        while True:
            try:
                one = wanted.send(answer)
            except StopIteration as done:
                draft: Draft = done.value
                return draft
            answer = await self._performed(one)

    async def _performed(self, one: Wanted) -> Any:
        if isinstance(one, Send):
            return await self._sent(one)
        if isinstance(one, Calls):
            return await self._calls(one)
        if isinstance(one, Pause):
            return await asyncio.sleep(one.seconds)
        return _answered(one)

    async def _sent(self, send: Send) -> Exchange:
        if self.upstream is None or send.turn is None:
            return await self.wire.exchange(send, self._began)
        await self.upstream.register(send.turn)
        exchange = await self.wire.exchange(send, self._began)
        await self.upstream.release(send.turn.key, "end")
        return exchange

    async def _calls(self, asked: Calls) -> list[UpstreamCall] | None:
        if self.upstream is None:
            return None
        calls = await self.upstream.calls(asked.turn)
        await self.upstream.forget(asked.turn)
        return calls


def _answered(question: Question) -> Any:
    """
    Raises `UsageError` where there is no terminal to ask at, and no way to go on without an answer.
    """
    there = sys.stdin.isatty() and sys.stdout.isatty()
    if question.choices:
        return _chosen(question) if there else None
    why, name = inline(question.why), inline(question.name)
    if not there:
        raise UsageError(f"{why}: give it with --value {name}=...")
    return click.prompt(f"{why}.\n{name}", value_proc=_typed)


def _typed(text: str) -> Any:
    """
    Raises click's own error, after which it asks again.
    """
    try:
        return value_of(text)
    except UsageError as wrong:
        raise click.UsageError(str(wrong)) from None


def _chosen(question: Question) -> str | None:
    """
    One of the choices, or nothing.
    """
    click.echo(f"{question.why}.")
    choice = click.Choice([*question.choices, UNKNOWN])
    answer: str = click.prompt(question.name, type=choice, default=UNKNOWN)
    return None if answer == UNKNOWN else answer
