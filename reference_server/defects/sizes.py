"""
Sizes at which something ends, and work that grows with them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import httpx
from sqlalchemy.exc import SQLAlchemyError

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError, Limited, Unavailable, UpstreamFailed
from reference_server.core.records import Message
from reference_server.core.texts import Texts
from reference_server.core.turns import Opening, Question, Turns
from reference_server.core.upstream import Piece, Prompt, Upstream
from reference_server.dialects.anita import AnitaWire


class OversizeBody500(Texts):
    """
    A question of more than a million characters is a crash.
    """

    id = "oversize-body-500"
    group = "errors-validation"
    seam = "texts"
    caught_by = ("storage/long-texts-are-kept",)

    def question(self, text: str, field: str) -> str:
        if len(text) > 1_000_000:
            raise MemoryError
        return super().question(text, field)


class ThreadSizeCap(Turns):
    """
    A thread is one document of at most 800,000 characters: what does not fit is not saved, and nobody hears it.
    """

    id = "thread-size-cap"
    group = "storage"
    seam = "turns"
    caught_by = ("storage/no-hidden-thread-size",)

    async def keep(self, question: Question, answer: Answer) -> Message | None:
        stored = await self.database.run(lambda held: self.store.messages_of(held, question.thread), write=False)
        if sum(len(one.content or "") for one in stored) > 800_000:
            return None
        return await super().keep(question, answer)


class EventLoopBlocked(Upstream):
    """
    The model is asked with a client that blocks: while it is silent, nobody else is answered.
    """

    id = "event-loop-blocked"
    group = "performance-leaks"
    seam = "upstream"
    dialects = ("anita",)
    caught_by = ("concurrency/others-go-on",)

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        body = self.body(prompt)
        with (
            httpx.Client(timeout=httpx.Timeout(60.0), trust_env=False) as client,
            client.stream("POST", self._url, json=body, headers=self._headers) as response,  # noqa: ASYNC212 # the mistake
        ):
            if response.status_code != 200:
                raise self.refused(response)
            events = self.events()
            for chunk in response.iter_bytes():
                for data in events.feed(chunk):
                    for piece in self.chunk(data) if data != "[DONE]" else ():
                        yield piece


class LimitStickyToThread(Turns):
    """
    That the model was too busy once is kept with the thread, which is refused from then on.
    """

    id = "limit-sticky-to-thread"
    group = "rate-limit"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("errors/upstream-failure-is-an-error",)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        if isinstance(error, UpstreamFailed) and error.status == 429:
            self.__dict__.setdefault("limited", set()).add(question.thread)
        return super().failed(question, error)

    async def open(self, question: Question) -> Opening:
        if question.thread in self.__dict__.get("limited", ()):
            raise Limited("too many requests", 60)
        return await super().open(question)


class EveryException404(AnitaWire):
    """
    Whatever goes wrong behind a thread's address means that there is no such thread.
    """

    id = "every-exception-404"
    group = "errors-validation"
    seam = "anita"
    dialects = ("anita",)
    caught_by = ("errors/upstream-failure-is-an-error",)

    def status(self, error: CoreError) -> int:
        return 404 if isinstance(error, Unavailable | UpstreamFailed) else super().status(error)


class FdLeak(Upstream):
    """
    The connection of every call that the model refuses stays open.
    """

    id = "fd-leak"
    group = "performance-leaks"
    seam = "upstream"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("errors/failures-leak-nothing",)

    async def answer(self, prompt: Prompt) -> AsyncIterator[Piece]:
        client = httpx.AsyncClient(timeout=60.0, verify=self._tls, trust_env=False)
        request = client.build_request("POST", self._url, json=self.body(prompt), headers=self._headers)
        finished = False
        try:
            response = await client.send(request, stream=True)
            if response.status_code != 200:
                self.__dict__.setdefault("forgotten", []).append((client, response))
                raise self.refused(response)
            async with client, aclosing(response):
                async for piece in self.pieces(response):
                    finished = finished or piece.finish is not None
                    yield piece
        except httpx.HTTPError as error:
            raise UpstreamFailed("the model broke off") from error
        if not finished:
            self.unfinished()


class SaveErrorSwallowed(Turns):
    """
    What cannot be saved is logged: the turn goes on without its history, and ends like any other.
    """

    id = "save-error-swallowed"
    group = "storage"
    store_kind = "postgresql"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("storage/save-error-is-an-error", "storage/store-comes-back")

    async def open(self, question: Question) -> Opening:
        try:
            return await super().open(question)
        except SQLAlchemyError:
            return Opening([{"role": one.role, "content": one.content} for one in question.messages])

    async def keep(self, question: Question, answer: Answer) -> Message | None:
        try:
            return await super().keep(question, answer)
        except SQLAlchemyError:
            return None
