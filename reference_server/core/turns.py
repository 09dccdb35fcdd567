"""
One turn: the question is stored, the model asked, the answer passed on piece by piece, stored, and only then ended.

The turn lives in a task of its own. A client that goes away stops nothing: the answer is finished and stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from reference_server.core.answers import Answer
from reference_server.core.course import Course
from reference_server.core.database import Database
from reference_server.core.errors import (
    Busy,
    Conflict,
    CoreError,
    NotFound,
    Stopped,
    TimedOut,
    Unavailable,
    UpstreamFailed,
)
from reference_server.core.history import History
from reference_server.core.limits import Limits
from reference_server.core.locks import Locks
from reference_server.core.people import Access
from reference_server.core.records import Message, NewMessage, NewThread, Thread
from reference_server.core.running import Ended, Event, Opening, Question, Running
from reference_server.core.store import Store
from reference_server.core.texts import Texts
from reference_server.core.titles import Titles
from reference_server.core.upstream import Model, Piece, Prompt
from reference_server.core.watch import Watch

__all__ = ["LEASE", "Course", "Ended", "Event", "Opening", "Question", "Running", "Turns"]

log: Final = logging.getLogger("reference_server.turns")

LEASE: Final = 30.0  # seconds that a turn holds its thread without a sign of life: its process is gone
RENEWALS: Final = 3  # in that time; one may come late
BUSY: Final = 0.05  # seconds between two looks at a thread that another process answers in


class Turns:
    """
    Runs turns. One at a time in a thread, any number over all.

    `answers` puts an answer together, `running` passes it on. `lease` is how long a turn holds its thread without a
    sign of life.
    """

    answers: type[Answer] = Answer
    running: type[Running] = Running
    lease: float = LEASE

    def __init__(
        self,
        database: Database,
        store: Store,
        history: History,
        model: Model,
        titles: Titles,
        texts: Texts,
        locks: Locks,
        access: Access,
        limits: Limits,
        watch: Watch,
    ) -> None:
        self.database = database
        self.store = store
        self.history = history
        self.model = model
        self.titles = titles
        self.texts = texts
        self.locks = locks
        self.access = access
        self.limits = limits
        self.watch = watch
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, question: Question) -> Running:
        """
        Begin a turn in a task of its own.
        """
        running = self.running()
        task = asyncio.get_running_loop().create_task(self.run(question, running))
        running.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return running

    async def run(self, question: Question, running: Running) -> None:
        """
        The whole turn. What goes wrong is told to the caller, never lost.
        """
        watched = running.watched = self.watch.turn(question.thread, question.model, question.who, _length(question))
        try:
            async with self.locks.of(question.thread) if question.waits else nullcontext():
                await self.converse(question, running)
            watched.ended()
        except CoreError as error:
            watched.failed(error)
            running.tell(self.failed(question, error))
        except asyncio.CancelledError:
            stopped = Stopped("the turn was stopped")
            watched.failed(stopped)
            running.tell(stopped)
            raise
        except TimeoutError as error:
            watched.failed(error)
            running.tell(self.failed(question, TimedOut("the model took too long")))
        except SQLAlchemyError as error:
            log.exception("the store failed")
            watched.failed(error)
            running.tell(Unavailable("the store does not answer"))
        except Exception as error:
            log.exception("a turn failed")
            watched.failed(error)
            running.tell(UpstreamFailed("the turn failed"))

    async def converse(self, question: Question, running: Running) -> None:
        opening = await self.opened(question)
        if opening.replay is not None:
            running.tell(Piece(opening.replay.content or ""))
            running.tell(Ended(opening.replay, "stop", None))
            return
        async with self.held(question):
            answer = self.new_answer(question)
            answer.follows = opening.asked
            await question.course.asks()
            async with asyncio.timeout(question.timeout):
                async for piece in self.model.answer(Prompt(opening.prompt, question.model, question.options)):
                    running.watched.saw(piece)
                    running.tell(self.pass_on(answer, piece))
            await self.finish(question, answer, running)
            running.watched.stored()

    async def opened(self, question: Question) -> Opening:
        """
        Open as soon as no other process answers in this thread. Within this one, the lock has seen to that.
        """
        while (opening := await self.open(question)).busy:  # noqa: ASYNC110 # another process ends it, and sets no event here
            await asyncio.sleep(BUSY)
        return opening

    @asynccontextmanager
    async def held(self, question: Question) -> AsyncIterator[None]:
        """
        Keep the thread until the turn is over, and let it go however the turn ends.
        """
        renewing = asyncio.get_running_loop().create_task(self.renew(question))
        try:
            yield
        except BaseException:
            with suppress(SQLAlchemyError):
                await self.let_go(question)
            raise
        finally:
            renewing.cancel()

    async def let_go(self, question: Question) -> None:
        letting = asyncio.ensure_future(
            self.database.run(lambda held: self.store.end_turn(held, question.thread, question.turn), write=True)
        )
        try:
            await asyncio.shield(letting)
        except asyncio.CancelledError:
            # Stopped while it ends: who is told so may begin the next turn at once.
            await letting
            raise

    async def renew(self, question: Question) -> None:
        while True:
            await asyncio.sleep(self.lease / RENEWALS)
            await self.database.run(
                lambda held: self.store.keep_turn(held, question.thread, question.turn, self.lease), write=True
            )

    def new_answer(self, question: Question) -> Answer:
        return self.answers(self.texts, question.answer_id, question.model)

    def pass_on(self, answer: Answer, piece: Piece) -> Piece:
        return answer.take(piece)

    async def finish(self, question: Question, answer: Answer, running: Running) -> None:
        """
        Store, then say that it is over: whoever reads after the end finds the answer.
        """
        if answer.empty:
            raise UpstreamFailed("the model said nothing")
        stored = await self.keep(question, answer)
        running.tell(Ended(stored, answer.finish, answer.usage))

    async def keep(self, question: Question, answer: Answer) -> Message | None:
        """
        Store the answer; nothing where the thread was deleted meanwhile, for a late writer revives no thread.
        """
        try:
            return await self.database.run(lambda held: self.store_answer(held, question, answer), write=True)
        except NotFound:
            return None

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        """
        Raises `NotFound` where the question is gone: then the thread was deleted or cleared, and perhaps made again.
        Raises `Stopped` where another turn has taken the thread, because this one gave no sign of life.
        """
        mine = self.store.end_turn(connection, question.thread, question.turn)
        if answer.follows is not None and not self.store.has(connection, answer.follows):
            raise NotFound("the question is gone")
        if not mine:
            raise Stopped("the turn lost its thread")
        stored = self.store.append(connection, question.thread, [question.course.ends(connection, answer)])[0]
        question.course.stored(connection, stored)
        return stored

    async def open(self, question: Question) -> Opening:
        """
        Store the question durably, and read what the model must know.
        """
        return await self.database.run(lambda held: self.opening(held, question), write=True)

    def opening(self, connection: Connection, question: Question) -> Opening:
        thread = self.made_thread(connection, question)
        question.course.begins(connection)
        if not self.store.take_turn(connection, thread.id, question.turn, self.lease):
            return self.busy(question)
        self.limits.take(connection, question.who)
        opening = self.asked(connection, question, thread)
        if opening.replay is not None:
            self.store.end_turn(connection, thread.id, question.turn)
        return opening

    def busy(self, question: Question) -> Opening:
        if not question.waits:
            raise Busy("a turn is under way in this thread")
        return Opening(busy=True)

    def asked(self, connection: Connection, question: Question, thread: Thread) -> Opening:
        """
        The question stored and the prompt made; or the answer that an earlier attempt was given.
        """
        if (recalled := question.course.again(connection)) is not None:
            prompt = self.history.prompt(recalled, thread.system_message, question.system)
            return Opening(prompt, None, recalled[-1].id)
        new = []
        for message in question.messages:
            known = self.known(connection, question, message)
            if known is None:
                new.append(message)
            elif (answered := self.answered(connection, question, known)) is not None:
                return Opening(replay=answered)
        self.check_answer_id(connection, question)
        self.store_question(connection, question, thread, new)
        prompt = self.prompt(connection, question)
        return Opening(prompt, None, self.store.last_id(connection, question.thread))

    def check_answer_id(self, connection: Connection, question: Question) -> None:
        """
        Raises `Conflict` where the answer could not be stored under the id that the client gave it.
        """
        taken = {message.external_id for message in question.messages}
        name = question.answer_id
        if name is not None and (name in taken or self.store.by_external_id(connection, question.thread, name)):
            raise Conflict("the answer's id is another message's")

    def known(self, connection: Connection, question: Question, message: NewMessage) -> Message | None:
        """
        The same message, stored by an earlier attempt. Raises `Conflict` where its id stands for another text.
        """
        if message.external_id is None:
            return None
        found = self.store.by_external_id(connection, question.thread, message.external_id)
        if found is not None and (found.role, found.content) != (message.role, message.content):
            raise Conflict("another message of this thread has this id")
        return found

    def answered(self, connection: Connection, question: Question, known: Message) -> Message | None:
        """
        The answer that an earlier attempt has stored: it stands behind the question.
        """
        found = question.course.answer_to(connection, self.store, known)
        return found if found is not None and found.role == "assistant" else None

    def store_question(
        self, connection: Connection, question: Question, thread: Thread, new: Sequence[NewMessage]
    ) -> None:
        self.store.append(connection, question.thread, question.course.placed(connection, new))
        self.name_thread(connection, thread, new)

    def made_thread(self, connection: Connection, question: Question) -> Thread:
        """
        The thread; an unknown one is created: real clients choose ids and never announce them.

        Raises `Forbidden` for somebody else's, `NotFound` where this dialect makes no threads by turns.
        """
        found = self.store.find_thread(connection, question.thread)
        if found is None and question.creates:
            self.store.insert_thread(connection, self.new_thread(question))
        thread = found or self.store.thread(connection, question.thread)
        self.access.check_change(thread, question.who)
        return thread

    def new_thread(self, question: Question) -> NewThread:
        who = question.who
        if question.makes is not None:
            return question.makes
        if who is None:
            return NewThread(question.thread)
        return NewThread(question.thread, owner=who.user or None, tenant=who.tenant or None)

    def name_thread(self, connection: Connection, thread: Thread, new: Sequence[NewMessage]) -> None:
        """
        Name a thread that has no title after the first question.
        """
        said = next((one.content for one in new if one.role == "user" and one.content), None)
        if said is not None and thread.title is None:
            self.store.set_default_title(connection, thread.id, self.titles.from_question(said))

    def prompt(self, connection: Connection, question: Question) -> list[dict[str, Any]]:
        thread = self.store.thread(connection, question.thread)
        every = [one for one in self.store.messages_of(connection, question.thread) if one.active]
        stored = every if question.window is None else self.history.recent(every, question.window)
        return self.history.prompt(stored, thread.system_message, question.system)

    def failed(self, question: Question, error: CoreError) -> CoreError:
        """
        A failed turn leaves the question stored and no answer.
        """
        log.info("turn in %r failed: %s", question.thread, error)
        return error


def _length(question: Question) -> int:
    return sum(len(one.content or "") for one in question.messages)
