"""
The desk: performs the effects that one play asks for, and sends the observations back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from conformance.driver.http import Wire
from conformance.driver.ports import UpstreamPort
from conformance.driver.stores import Store, query
from conformance.engine.effects import (
    Calls,
    Effect,
    Finish,
    Met,
    Native,
    Observation,
    Pause,
    Query,
    Rows,
    Send,
    Start,
    Started,
    Together,
    Turn,
)
from conformance.engine.play import Playing
from conformance.errors import StoreError
from conformance.model.profile import Profile
from conformance.model.transcript import Exchange, GateMark, Transcript, Unseen, UpstreamCall

__all__ = ["Desk", "Saying", "Target"]

NOTICED: Final = 0.15  # seconds for a server to see that its client has gone; a FIN takes 0.7 ms, a busy machine longer
HELD: Final = 5.0  # seconds until a turn must have reached its gate; healthy servers take milliseconds
NO_UPSTREAM: Final = Unseen(
    witness="upstream",
    reason="the prompt was not seen: no upstream witness (point the target's model URL at --upstream)",
)
NO_STORE: Final = Unseen(witness="store", reason="the store was not seen: no database (give --db)")


class Saying:
    """
    Sentences that are being said right now and hold no canary: each belongs to one scenario at a time, because the
    upstream attributes a call by its text.
    """

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, say: str) -> asyncio.Lock:
        return self._locks.setdefault(say, asyncio.Lock())


@dataclass(frozen=True, slots=True)
class Target:
    """
    The server under test, and what may be looked at besides it. `again` is what names it on a command line.
    """

    profile: Profile
    wire: Wire
    upstream: UpstreamPort | None = None
    store: Store | None = None
    saying: Saying = field(default_factory=Saying)
    again: Sequence[str] = ()

    @property
    def witnesses(self) -> frozenset[str]:
        there = {
            "upstream": self.upstream is not None,
            "store": self.store is not None and self.profile.store is not None,
        }
        return frozenset(name for name, present in there.items() if present)

    @property
    def holders(self) -> frozenset[str]:
        """
        The principals whose credentials we have; a header of that name, sent with every request, is the first one's.
        """
        auth, first = self.profile.auth, frozenset(self.profile.principals[:1])
        return self.wire.holders | (first if auth is not None and self.wire.sends(auth.header) else frozenset())


class Desk:
    """
    One play against one target. Times in observations count from the desk's making.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._began = time.monotonic()
        self._under_way: dict[str, asyncio.Task[Exchange]] = {}
        self._mine: set[str] = set()
        self._do: dict[type[Any], Callable[[Any], Coroutine[Any, Any, Observation]]] = {
            Send: self._send,
            Together: self._together,
            Start: self._start,
            Finish: self._finish,
            Query: self._query,
            Native: self._native,
            Calls: self._calls,
            Pause: self._pause,
        }

    async def perform(self, playing: Playing) -> Transcript:
        """
        Play to the end. Turns still under way are cut off, whatever happens.
        """
        try:
            effect: Effect = next(playing)
            while True:
                effect = playing.send(await self._do[type(effect)](effect))
        except StopIteration as end:
            transcript: Transcript = end.value
            return msgspec.structs.replace(transcript, duration=time.monotonic() - self._began)
        finally:
            playing.close()
            for task in self._under_way.values():
                task.cancel()

    async def _send(self, send: Send) -> Exchange:
        upstream, turn = self._target.upstream, send.turn
        if upstream is None or turn is None:
            return await self._target.wire.exchange(send, self._began)
        async with self._alone([send]):
            return await self._turn(send, upstream)

    @asynccontextmanager
    async def _alone(self, sends: Sequence[Send]) -> AsyncIterator[None]:
        """
        No other play says the same meanwhile, where a sentence holds no canary. Turns that go together take theirs
        together and in one order: otherwise they would not overlap, or two plays would wait for each other.
        """
        said = {one.turn.say for one in sends if one.turn is not None and not _has_canary(one.turn)} - self._mine
        async with AsyncExitStack() as stack:
            for say in sorted(said):
                await stack.enter_async_context(self._target.saying.lock(say))
            self._mine |= said
            try:
                yield
            finally:
                self._mine -= said

    async def _turn(self, send: Send, upstream: UpstreamPort) -> Exchange:
        """
        A turn that the upstream knows of. Its gate opens at the first text, and in any case when the answer ends.
        """
        assert send.turn is not None
        key = send.turn.key
        opening: list[asyncio.Task[None]] = []

        def on_text() -> None:
            if send.opens == "text":
                opening.append(asyncio.ensure_future(upstream.release(key, "text")))

        await upstream.register(send.turn)
        exchange = await self._target.wire.exchange(send, self._began, on_text)
        await asyncio.gather(*opening)
        if send.leave:
            await asyncio.sleep(NOTICED)
        if not send.later or send.opens == "text":
            await upstream.release(key, "left" if send.leave else "end")
        return exchange

    async def _together(self, together: Together) -> Met:
        async with self._alone(together.sends):
            tasks = [asyncio.ensure_future(self._send(send)) for send in together.sends]
            met = True
            if together.meet and self._target.upstream is not None:
                met = await self._meeting(together, self._target.upstream)
            return Met(tuple(await asyncio.gather(*tasks)), met)

    async def _meeting(self, together: Together, upstream: UpstreamPort) -> bool:
        """
        Wait until every turn is held, then let all go on.
        """
        keys = [send.turn.key for send in together.sends if send.turn is not None]
        held = await asyncio.gather(*(upstream.held(key, HELD) for key in keys))
        for key in keys:
            await upstream.release(key, "met" if all(held) else "deadline")
        return all(held)

    async def _start(self, start: Start) -> Started:
        turn = start.send.turn
        assert turn is not None
        task = self._under_way[turn.key] = asyncio.ensure_future(self._send(start.send))
        if self._target.upstream is None:
            return Started(turn.key, held=False)
        waiting = asyncio.ensure_future(self._target.upstream.held(turn.key, HELD))
        ends = {waiting} if start.send.later else {task, waiting}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        held = waiting.done() and waiting.result()
        waiting.cancel()
        return Started(turn.key, held=held)

    async def _finish(self, finish: Finish) -> Exchange:
        task = self._under_way.pop(finish.turn)
        if self._target.upstream is not None:
            await self._target.upstream.release(finish.turn, "steps")
        return await task

    async def _calls(self, asked: Calls) -> list[UpstreamCall] | Unseen:
        if self._target.upstream is None:
            return NO_UPSTREAM
        calls = await self._target.upstream.calls(asked.turn)
        if not asked.more:
            await self._target.upstream.forget(asked.turn)
        return [_rebased(call, self._began) for call in calls]

    async def _query(self, asked: Query) -> Rows | Unseen:
        store, mapping = self._target.store, self._target.profile.store
        if store is None or mapping is None:
            return NO_STORE
        try:
            rows = await store.rows(mapping, asked.threads, asked.canaries)
            return Rows(tuple(query(rows, asked.sql, asked.parameters)))
        except StoreError as error:
            return Unseen(witness="store", reason=str(error))

    async def _native(self, native: Native) -> Rows | Unseen:
        if self._target.store is None:
            return NO_STORE
        try:
            return Rows(tuple(await self._target.store.native(native.sql, native.parameters)))
        except StoreError as error:
            return Unseen(witness="store", reason=str(error))

    async def _pause(self, pause: Pause) -> float:
        await asyncio.sleep(pause.seconds)
        return time.monotonic() - self._began


def _has_canary(turn: Turn) -> bool:
    return any(canary in turn.say for canary in turn.canaries)


def _rebased(call: UpstreamCall, began: float) -> UpstreamCall:
    """
    A call with its times counted from the play's beginning.
    """
    gates = [
        GateMark(gate=one.gate, held_at=one.held_at - began, released_at=_less(one.released_at, began), by=one.by)
        for one in call.gates
    ]
    return msgspec.structs.replace(call, at=call.at - began, ended_at=_less(call.ended_at, began), gates=gates)


def _less(time_: float | None, began: float) -> float | None:
    return None if time_ is None else time_ - began
