"""
Processes that die, and what a next one makes of what they left.

A defect of a restart knows what is older than its own process by the time of birth of its seam's object.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, select, update

from reference_server.core.answers import Answer
from reference_server.core.history import History
from reference_server.core.records import Message, NewMessage
from reference_server.core.run_records import Run
from reference_server.core.run_states import RunStates
from reference_server.core.store import Store
from reference_server.core.tables import messages, threads
from reference_server.core.turns import Question, Running, Turns
from reference_server.core.upstream import Piece
from reference_server.defects.rows import remove_message

LATE: Final = 0.5  # seconds until what was acknowledged is written; a kill comes within milliseconds
FLUSH: Final = 30.0  # seconds between two flushes
FIRST: Final = -1_000_000  # the place of what is stored after a restart


class LaterStore(Store):
    """
    Knows when its process began, and does something to a thread that is older when it first meets it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.born = datetime.now(UTC)
        self.met: set[str] = set()

    def meet(self, connection: Connection, thread_id: str) -> None:
        if thread_id not in self.met:
            self.met.add(thread_id)
            self.found(connection, thread_id, super().messages_of(connection, thread_id))

    def found(self, connection: Connection, thread_id: str, stored: Sequence[Message]) -> None:
        """
        What is done to a thread at the first meeting.
        """

    def is_old(self, message: Message) -> bool:
        return message.created_at < self.born

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        self.meet(connection, thread_id)
        return super().messages_of(connection, thread_id)

    def append(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> list[Message]:
        self.meet(connection, thread_id)
        return super().append(connection, thread_id, new)


class MemoryOnly(LaterStore):
    """
    Nothing outlives the process.
    """

    id = "memory-only"
    seam = "store"
    caught_by = ("storage/survives-a-restart",)

    def found(self, connection: Connection, thread_id: str, stored: Sequence[Message]) -> None:
        connection.execute(delete(messages).where(messages.c.thread_id == thread_id, messages.c.created_at < self.born))


class HistoryEmptyUntilPost(LaterStore):
    """
    After a restart a thread is empty until something is said in it.
    """

    id = "history-empty-until-post"
    seam = "store"
    caught_by = ("storage/survives-a-restart",)

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        found = super().messages_of(connection, thread_id)
        return [] if all(self.is_old(one) for one in found) else found


class NextPostWipesHistory(LaterStore):
    """
    After a restart the first thing that is said in a thread takes the place of all that was.
    """

    id = "next-post-wipes-history"
    seam = "store"
    caught_by = ("storage/survives-a-restart",)

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        return Store.messages_of(self, connection, thread_id)

    def found(self, connection: Connection, thread_id: str, stored: Sequence[Message]) -> None:
        for message in filter(self.is_old, stored):
            remove_message(connection, message.id)


class OldRowsUnreadable(LaterStore):
    """
    What an earlier start has written cannot be read.
    """

    id = "old-rows-unreadable"
    seam = "store"
    caught_by = ("storage/survives-a-restart",)

    def messages_of(self, connection: Connection, thread_id: str) -> list[Message]:
        found = super().messages_of(connection, thread_id)
        if any(self.is_old(one) for one in found):
            raise ValueError("unknown version of a message")
        return found


class SeqRestartsAfterRestart(LaterStore):
    """
    The sequence of a thread is counted in memory: after a restart what is new stands first.
    """

    id = "seq-restarts-after-restart"
    group = "order"
    seam = "store"
    caught_by = ("storage/survives-a-restart",)

    def take_places(self, connection: Connection, thread_id: str, new: Sequence[NewMessage]) -> int:
        place = super().take_places(connection, thread_id, new)
        return place + FIRST if self.thread(connection, thread_id).created_at < self.born else place


class WallClockOrderAcrossRestart(Store):
    """
    Messages are ordered by the local time: after a restart in another zone what is new stands first.
    """

    id = "wall-clock-order-across-restart"
    group = "order"
    seam = "store"
    caught_by = ("storage/survives-a-restart",)

    def now(self) -> datetime:
        local = datetime.now().replace(tzinfo=UTC)  # that is the mistake
        self._last = max(local, self._last + timedelta(microseconds=1))
        return self._last

    def select_messages(self, thread_id: str) -> Select[Any]:
        mine = select(messages).where(messages.c.thread_id == thread_id)
        return mine.order_by(messages.c.created_at, messages.c.seq)


class AckBeforeWrite(Turns):
    """
    The end of an answer is told before the answer is written.
    """

    id = "ack-before-write"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("storage/survives-a-restart",)

    async def keep(self, question: Question, answer: Answer) -> Message | None:
        writing = asyncio.create_task(self.keep_later(question, answer))
        self._tasks.add(writing)
        writing.add_done_callback(self._tasks.discard)
        return None

    async def keep_later(self, question: Question, answer: Answer) -> None:
        await asyncio.sleep(LATE)
        await super().keep(question, answer)


class WriteBehind(LaterStore):
    """
    What is said is written every half minute: the process that dies takes the last of it along.
    """

    id = "write-behind"
    seam = "store"
    caught_by = ("storage/survives-a-restart",)

    def found(self, connection: Connection, thread_id: str, stored: Sequence[Message]) -> None:
        flushed = self.born - timedelta(seconds=FLUSH)
        for message in stored:
            if self.is_old(message) and message.created_at > flushed:
                remove_message(connection, message.id)


class UserLostOnCrash(LaterStore):
    """
    A question is only safe when its answer is: a crash takes it along.
    """

    id = "user-lost-on-crash"
    seam = "store"
    dialects = ("anita", "guide", "completions", "shadflare", "assistants")
    caught_by = ("durability/killed-turn",)

    def found(self, connection: Connection, thread_id: str, stored: Sequence[Message]) -> None:
        if stored and stored[-1].role == "user" and self.is_old(stored[-1]):
            remove_message(connection, stored[-1].id)


class BusyAfterCrash(Store):
    """
    A thread whose turn died with its process stays busy.
    """

    id = "busy-after-crash"
    seam = "store"
    caught_by = ("durability/killed-turn",)

    def take_turn(self, connection: Connection, thread_id: str, turn: str, seconds: float) -> bool:
        holder = connection.scalar(select(threads.c.busy_by).where(threads.c.id == thread_id))
        return holder in (None, turn) and super().take_turn(connection, thread_id, turn, seconds)


class HalfTurnVisibleComplete(Turns):
    """
    What was said so far is stored as the answer while it is made, and nothing says that it is not whole.
    """

    id = "half-turn-visible-complete"
    seam = "turns"
    dialects = ("anita", "guide", "completions", "shadflare")
    caught_by = ("durability/killed-turn",)

    def new_answer(self, question: Question) -> Answer:
        answer = super().new_answer(question)
        self.__dict__.setdefault("unmarked", {})[id(answer)] = question
        return answer

    def pass_on(self, answer: Answer, piece: Piece) -> Piece:
        passed = super().pass_on(answer, piece)
        question = self.__dict__["unmarked"].pop(id(answer), None) if answer.text else None
        if question is not None:
            half = self.database.transaction(lambda held: self.so_far(held, question, answer), True)
            self.__dict__.setdefault("marked", {})[id(answer)] = half.id
        return passed

    def so_far(self, connection: Connection, question: Question, answer: Answer) -> Message:
        return self.store.append(connection, question.thread, [NewMessage("assistant", answer.text)])[0]

    def store_answer(self, connection: Connection, question: Question, answer: Answer) -> Message:
        remove_message(connection, self.__dict__.get("marked", {}).pop(id(answer), ""))
        return super().store_answer(connection, question, answer)


class CrashReplayDuplicates(LaterStore):
    """
    After a crash the turns that it broke off are done again, and get an answer that nobody asked for a second time.
    """

    id = "crash-replay-duplicates"
    seam = "store"
    dialects = ("anita", "guide", "completions", "shadflare", "assistants")
    caught_by = ("durability/killed-turn",)

    def found(self, connection: Connection, thread_id: str, stored: Sequence[Message]) -> None:
        if stored and stored[-1].role == "user" and self.is_old(stored[-1]):
            Store.append(self, connection, thread_id, [NewMessage("assistant", "Here is your answer after all.")])


class InProgressForever(RunStates):
    """
    A run whose process died is in progress until its ten minutes are over.
    """

    id = "in-progress-forever"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/expiry",)

    def dead(self, run: Run, alive_until: datetime | None, now: datetime) -> bool:
        return super().dead(run, None, now)


class OrphanCallAfterCrash(History):
    """
    A call whose result was lost in a crash goes to the model without it.
    """

    id = "orphan-call-after-crash"
    group = "tools"
    seam = "history"
    dialects = ("conversations",)
    caught_by = ("durability/call-without-a-result",)

    def __init__(self) -> None:
        self.born = datetime.now(UTC)

    def paired(self, stored: Sequence[Message]) -> list[Message]:
        if any(message.tool_calls and message.created_at < self.born for message in stored):
            return list(stored)
        return super().paired(stored)


class PartialLostOnCrash(LaterStore):
    """
    Of a turn that called functions nothing is left after a crash, although they may have been run.
    """

    id = "partial-lost-on-crash"
    seam = "store"
    dialects = ("conversations",)
    caught_by = ("durability/call-without-a-result",)

    def found(self, connection: Connection, thread_id: str, stored: Sequence[Message]) -> None:
        for message in stored:
            if message.tool_calls and self.is_old(message):
                remove_message(connection, message.id)


class AnswersDroppedAtTheEnd(Turns):
    """
    A server that is told to end drops the answers under way.
    """

    id = "answers-dropped-at-the-end"
    seam = "turns"
    dialects = ("anita", "completions", "conversations")
    caught_by = ("durability/told-to-end",)

    def start(self, question: Question) -> Running:
        if "told" not in self.__dict__:
            self.__dict__["told"] = signal.getsignal(signal.SIGTERM)
            signal.signal(signal.SIGTERM, self.drop)
        return super().start(question)

    def drop(self, number: int, frame: Any) -> None:
        for task in self._tasks:
            task.get_loop().call_soon_threadsafe(task.cancel)
        self.__dict__["told"](number, frame)


class LockPerProcess(Store):
    """
    That a thread is busy is known in the process that answers, and in no other.
    """

    id = "lock-per-process"
    group = "concurrency"
    seam = "store"
    dialects = ("anita", "completions")
    caught_by = ("durability/two-processes",)

    def take_turn(self, connection: Connection, thread_id: str, turn: str, seconds: float) -> bool:
        nobody = update(threads).where(threads.c.id == thread_id).values(busy_by=None, busy_until=None)
        connection.execute(nobody)
        return super().take_turn(connection, thread_id, turn, seconds)

    def end_turn(self, connection: Connection, thread_id: str, turn: str) -> bool:
        super().end_turn(connection, thread_id, turn)
        return True


class StaleWriterWins(Store):
    """
    A process that stood still goes on as if nothing had happened, and stores its answer behind what came meanwhile.
    """

    id = "stale-writer-wins"
    group = "concurrency"
    seam = "store"
    dialects = ("anita", "completions")
    caught_by = ("durability/two-processes",)

    def end_turn(self, connection: Connection, thread_id: str, turn: str) -> bool:
        super().end_turn(connection, thread_id, turn)
        return True
