"""
What the upstream witness remembers: the turns it was told of, and the calls that came.

No sockets. All of it belongs to one event loop; `remote` is for other processes. Times are `time.monotonic()`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from conformance.engine.effects import Turn
from conformance.model.base import Model
from conformance.model.scenario import Script
from conformance.model.transcript import UpstreamCall
from conformance.text.surrogates import clean
from conformance.upstream.attribution import attributed
from conformance.upstream.calls import Call, Registered
from conformance.upstream.prompt import Prompt

__all__ = ["State", "Witness"]

# A turn that nobody forgets (a run was killed) must not stay for ever: `threadgauge upstream` may run for weeks.
MOST_TURNS: Final = 4096
STRAYS: Final = 8
STRAY_TEXT: Final = 200


class State(Model, frozen=True, kw_only=True):
    """
    All calls that ever came, those that belong to no turn, and the last few of these in words. `now` is the clock.
    `connections` are those open on which a call has come.
    """

    calls_seen: int = 0
    unattributed: int = 0
    strays: list[str] = []
    now: float = 0.0
    connections: int = 0


class Witness:
    """
    The upstream witness in this process. `url` says where it listens, once it does.
    """

    def __init__(self) -> None:
        self.url = ""
        self.calls_seen = 0
        self.unattributed = 0
        self.open_lines = 0
        self.strays: deque[str] = deque(maxlen=STRAYS)
        self._turns: dict[str, Registered] = {}
        self._saying: dict[str | None, dict[str, Registered]] = {}  # the same by their words: a long thread has 500
        self._registered = asyncio.Event()

    async def register(self, turn: Turn) -> None:
        """
        Make a turn known before it is sent. The same key again begins anew.
        """
        await self.forget(turn.key)
        known = self._turns[turn.key] = Registered(turn)
        self._saying.setdefault(turn.say, {})[turn.key] = known
        if len(self._turns) > MOST_TURNS:
            await self.forget(next(iter(self._turns)))
        self._registered.set()
        self._registered = asyncio.Event()

    async def held(self, key: str, deadline: float) -> bool:
        """
        Wait until a call of the turn is held at its gate; false where all ended before, or after `deadline` seconds.

        The turn may be registered while this waits.
        """
        try:
            async with asyncio.timeout(deadline):
                while (held := self._turns[key].held if key in self._turns else None) is None:
                    await self._change(key)
                return held
        except TimeoutError:
            return False

    async def release(self, key: str, by: str) -> None:
        """
        Open the turn's gate, now and for later calls. Who opens it first is recorded.
        """
        known = self._turns.get(key)
        if known is None:
            return
        known.opened_by = known.opened_by or by
        for call in known.calls:
            call.release(by)

    async def calls(self, key: str) -> list[UpstreamCall]:
        """
        The calls of a turn so far, in the order they came.
        """
        known = self._turns.get(key)
        return [call.snapshot() for call in known.calls] if known else []

    async def forget(self, key: str) -> None:
        """
        The turn is over. What is still held goes on.
        """
        await self.release(key, "end")
        known = self._turns.pop(key, None)
        if known:
            known.changed.set()
            same = self._saying[known.turn.say]
            del same[key]
            if not same:
                del self._saying[known.turn.say]

    async def state(self) -> State:
        return State(
            calls_seen=self.calls_seen,
            unattributed=self.unattributed,
            strays=list(self.strays),
            now=time.monotonic(),
            connections=self.open_lines,
        )

    async def connections(self) -> int:
        return self.open_lines

    def admit(self, prompt: Prompt) -> Call:
        """
        A call has come: find its turn, and remember what was sent.
        """
        self.calls_seen += 1
        said = prompt.users[-1] if prompt.users else None
        # Those that said the same, where there are any: the others would not be looked at.
        found = attributed(said, prompt.texts, list(self._saying.get(said, self._turns).values()))
        if found is None:
            self._stray(said or "")
            return Call(self.calls_seen, Script(), UpstreamCall(at=time.monotonic()), None, prompt)
        known, matched = found
        seen = UpstreamCall(
            at=time.monotonic(),
            model=prompt.model,
            stream=prompt.stream,
            options=dict(prompt.options),
            matched=matched,
        )
        call = Call(self.calls_seen, known.script(), seen, known, prompt)
        known.calls.append(call)
        return call

    def refuse(self, reason: str) -> None:
        """
        A call has come that is none.
        """
        self.calls_seen += 1
        self._stray(reason)

    def _stray(self, text: str) -> None:
        self.unattributed += 1
        self.strays.append(clean(text[:STRAY_TEXT]))

    async def _change(self, key: str) -> None:
        known = self._turns.get(key)
        if known is None:
            await self._registered.wait()
            return
        known.changed.clear()
        await known.changed.wait()
