"""
The desk: performs the effects that one play asks for, and sends the observations back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from conformance.driver.going import HELD, at_rest, going
from conformance.driver.http import Wire
from conformance.driver.owned import Owner, Processes
from conformance.driver.parting import Parting
from conformance.driver.ports import UpstreamPort
from conformance.driver.storelink import StoreLink
from conformance.driver.stores import Counting, Store, query
from conformance.engine.effects import (
    Calls,
    Count,
    DisturbLink,
    Effect,
    Finish,
    Met,
    Native,
    Observation,
    Pause,
    Process,
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
from conformance.model.link import LinkSeen
from conformance.model.process import ProcessSeen
from conformance.model.profile import Profile
from conformance.model.transcript import Connections, Exchange, GateMark, Transcript, Unseen, UpstreamCall

__all__ = ["Desk", "Saying", "Target"]

NOTICED: Final = 0.15  # seconds for a server to see that its client has gone; a FIN takes 0.7 ms, a busy machine longer
SHOWN: Final = 2.0  # seconds for the text before the gate to come to the client; a server that buffers shows none
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

    `owner` starts processes of it where they are ours; `processes` are those of one scenario, and what they say to
    their store goes through `link`. `live`: a real model answers.
    """

    profile: Profile
    wire: Wire
    upstream: UpstreamPort | None = None
    store: Store | None = None
    saying: Saying = field(default_factory=Saying)
    again: Sequence[str] = ()
    owner: Owner[Target] | None = None
    processes: Processes | None = None
    link: StoreLink | None = None
    live: bool = False

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
    One play against one target. Times in observations count from the desk's making. With `apart`, the play has target
    processes of its own. Each of `seen` is called with each exchange that is over.
    """

    def __init__(self, target: Target, *, apart: bool = False, seen: Sequence[Callable[[Exchange], None]] = ()) -> None:
        self._target = target
        self._seen = seen
        self._apart = apart
        self._began = time.monotonic()
        self._under_way: dict[str, asyncio.Task[Exchange]] = {}
        self._mine: set[str] = set()
        self._partings: dict[str, Parting] = {}
        self._shown: dict[str, asyncio.Event] = {}
        self._gone: list[Parting] = []
        self._do: dict[type[Any], Callable[[Any], Coroutine[Any, Any, Observation]]] = {
            Send: self._send,
            Together: self._together,
            Start: self._start,
            Finish: self._finish,
            Query: self._query,
            Native: self._native,
            Calls: self._calls,
            Pause: self._pause,
            Process: self._process,
            DisturbLink: self._disturb_link,
            Count: self._count,
        }

    async def perform(self, playing: Playing) -> Transcript:
        """
        Play to the end. Turns still under way are cut off, whatever happens.
        """
        async with AsyncExitStack() as stack:
            return await self._performed(playing, stack)

    async def _performed(self, playing: Playing, stack: AsyncExitStack) -> Transcript:
        try:
            effect: Effect = next(playing)
            # Not before something is asked for: most such scenarios are not for every profile.
            if self._apart and self._target.owner is not None:
                self._target = await stack.enter_async_context(self._target.owner.lent())
            while True:
                observation = await self._do[type(effect)](effect)
                for exchange in _exchanges(observation):
                    for told in self._seen:
                        told(exchange)
                effect = playing.send(observation)
        except StopIteration as end:
            transcript: Transcript = end.value
            return msgspec.structs.replace(transcript, duration=time.monotonic() - self._began)
        finally:
            playing.close()
            for task in self._under_way.values():
                task.cancel()
            for parting in self._gone:
                await parting.close()

    def _wire(self, send: Send) -> Wire:
        processes = self._target.processes
        return self._target.wire if processes is None else processes.wire(send.server)

    async def _process(self, asked: Process) -> ProcessSeen:
        """
        Not before the target has passed on what its model has said so far: a turn is broken off in its middle.
        """
        assert self._target.processes is not None
        shown = [self._shown.setdefault(key, asyncio.Event()).wait() for key in self._under_way]
        with suppress(TimeoutError):
            async with asyncio.timeout(SHOWN):
                await asyncio.gather(*shown)
        return await self._target.processes.perform(asked)

    async def _disturb_link(self, asked: DisturbLink) -> LinkSeen:
        """
        After a fault is mended, a turn whose end could not be stored has the time of its lease.
        """
        assert self._target.link is not None
        assert self._target.processes is not None
        seen = self._target.link.perform(asked.act)
        await asyncio.sleep(self._target.processes.lease if seen.ended is not None else 0.0)
        return seen

    async def _count(self, _: Count) -> Connections:
        upstream, store = self._target.upstream, self._target.store
        return Connections(
            upstream=None if upstream is None else await upstream.connections(),
            store=await store.connections() if isinstance(store, Counting) else None,
        )

    async def _send(self, send: Send) -> Exchange:
        upstream, turn = self._target.upstream, send.turn
        if upstream is None or turn is None:
            return await self._wire(send).exchange(send, self._began)
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
        parting = self._partings.get(key) if key in self._under_way else None
        parting = parting or Parting(send)
        self._gone.append(parting)

        def on_text() -> None:
            self._shown.setdefault(key, asyncio.Event()).set()
            if send.opens == "text":
                opening.append(asyncio.ensure_future(upstream.release(key, "text")))

        await upstream.register(send.turn)
        async with going(parting, upstream, key):
            exchange = await self._wire(send).exchange(send, self._began, on_text, parting)
        await asyncio.gather(*opening)
        if send.leave:
            await asyncio.sleep(NOTICED)
        if not send.later or send.opens == "text":
            await upstream.release(key, "left" if exchange.ended == "left" else "end")
        if send.leave and send.leave.cut == "silent":
            await at_rest(upstream, key)
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
        self._partings[turn.key] = Parting(start.send)
        task = self._under_way[turn.key] = asyncio.ensure_future(self._send(start.send))
        if self._target.upstream is None:
            return Started(turn.key, held=False)
        waiting = asyncio.ensure_future(self._standing(start.send, turn.key, self._target.upstream))
        ends = {waiting} if start.send.later else {task, waiting}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        held = waiting.done() and waiting.result()
        waiting.cancel()
        return Started(turn.key, held=held)

    async def _standing(self, send: Send, key: str, upstream: UpstreamPort) -> bool:
        """
        Wait until the turn stands still: held at its gate, or with a client that reads no more and nothing moving.
        """
        if send.unread is None:
            return await upstream.held(key, HELD)
        await self._partings[key].stopped.wait()
        return await at_rest(upstream, key)

    async def _finish(self, finish: Finish) -> Exchange:
        task = self._under_way.pop(finish.turn)
        if finish.turn in self._partings:
            self._partings[finish.turn].reads_on.set()
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


def _exchanges(observation: Observation) -> Sequence[Exchange]:
    if isinstance(observation, Met):
        return observation.exchanges
    return [observation] if isinstance(observation, Exchange) else []


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
