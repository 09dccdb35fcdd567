"""
Runs that hold their thread for ever or not at all, and runs that forget what they were told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, update

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread
from reference_server.core.run_records import ACTIVE, WORKING, Closed, Making, Run, ToolOutput
from reference_server.core.run_states import RunStates
from reference_server.core.run_store import RunStore
from reference_server.core.runs import Runs, UnderWay
from reference_server.core.tables import runs, threads
from reference_server.dialects.assistants.wire import AssistantsWire


class CompletedBeforeItsAnswer(Runs):
    """
    A run is completed as soon as it is worked on; its answer comes later.
    """

    id = "run-completed-before-its-answer"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/completed-run-has-its-answer", "runs/one-active-run")

    async def work(self, run: Run) -> Run:
        moved = await super().work(run)
        done = {"status": "completed", "completed_at": self.now()}
        await self.database.run(lambda held: self.store.move(held, run.id, WORKING, **done), write=True)
        return moved


class AnswerWithoutItsRun(RunStates):
    """
    An answer does not say which run and which assistant made it.
    """

    id = "answer-without-its-run"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/answer-names-its-run", "runs/completed-run-has-its-answer")

    def answered(self, connection: Connection, making: Making, answer: Answer) -> NewMessage:
        return replace(super().answered(connection, making, answer), run_id=None, assistant_id=None)


class StuckAfterAnswer(RunStates):
    """
    The answer is stored, and the run stays in progress.
    """

    id = "run-stuck-after-answer"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/completed-run-has-its-answer",)

    def answered(self, connection: Connection, making: Making, answer: Answer) -> NewMessage:
        made = super().answered(connection, making, answer)
        connection.execute(update(runs).where(runs.c.id == making.run.id).values(status="in_progress"))
        return made


class RunFilterIgnored(AssistantsWire):
    """
    A list of the messages of one run has those of all.
    """

    id = "run-filter-ignored"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("runs/answer-names-its-run",)

    def of_run(self, stored: Sequence[Message], run_id: str | None) -> list[Message]:
        return super().of_run(stored, None)


class SecondRunOverlaps(RunStates):
    """
    A second run is begun beside the first, which is forgotten.
    """

    id = "second-run-overlaps"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/one-active-run",)

    def enter(self, connection: Connection, run: Run) -> None:
        mine = (runs.c.thread_id == run.thread_id) & runs.c.status.in_(ACTIVE)
        connection.execute(update(runs).where(mine).values(status="expired"))
        connection.execute(update(threads).where(threads.c.id == run.thread_id).values(busy_by=None, busy_until=None))
        super().enter(connection, run)


class MessageDuringARun(Runs):
    """
    A message is added while a run is active: the answer comes behind what it does not answer.
    """

    id = "message-during-a-run"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/one-active-run",)

    def added(
        self, connection: Connection, thread_id: str, new: Sequence[NewMessage], who: Principal | None
    ) -> list[Message]:
        self.threads.own(connection, thread_id, who)
        return self.turns.store.append(connection, thread_id, new)


class RefusalNamesNoRun(RunStates):
    """
    The refusal does not say which run is in the way.
    """

    id = "refusal-names-no-run"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/one-active-run",)

    def check_free(self, connection: Connection, thread_id: str, text: str) -> None:
        super().check_free(connection, thread_id, text.replace("{run}", "").replace("run .", "run."))


class LockOverAllThreads(RunStore):
    """
    One active run keeps all threads from having one.
    """

    id = "run-lock-over-all-threads"
    seam = "run_store"
    dialects = ("assistants",)
    caught_by = ("runs/one-active-run",)

    def active(self, connection: Connection, thread_id: str) -> Run | None:
        found = connection.execute(runs.select().where(runs.c.status.in_(ACTIVE)).limit(1)).first()
        return super().active(connection, thread_id if found is None else found.thread_id)


class CancelAckButContinues(RunStates):
    """
    A cancel is acknowledged, and the run goes on to its end.
    """

    id = "cancel-ack-but-continues"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/cancel",)

    def call_off(self, connection: Connection, thread_id: str, run_id: str) -> Run:
        run = self.store.run(connection, thread_id, run_id)
        if run.status in WORKING:
            return replace(run, status="cancelling")
        return super().call_off(connection, thread_id, run_id)


class CancelRewritesTerminal(RunStates):
    """
    A run that is over is cancelled all the same.
    """

    id = "cancel-rewrites-terminal"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/cancel",)

    def call_off(self, connection: Connection, thread_id: str, run_id: str) -> Run:
        ended = {"status": "cancelled", "cancelled_at": self.now()}
        self.store.move(connection, run_id, ["completed", "failed", "incomplete"], **ended)
        run = self.store.run(connection, thread_id, run_id)
        return run if run.status == "cancelled" else super().call_off(connection, thread_id, run_id)


class CancelledAnswerKept(RunStates):
    """
    What had come of a cancelled run's answer is kept like an answer.
    """

    id = "cancelled-answer-kept"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/cancel",)

    def close(self, connection: Connection, making: Making, error: CoreError | None, begun: bool) -> Closed:
        closed = super().close(connection, making, error, begun)
        if closed.run is not None and closed.run.status == "cancelled" and begun:
            half = NewMessage("assistant", "...", making.message_id, run_id=making.run.id)
            self.messages.append(connection, making.run.thread_id, [half])
        return closed


class ToolRunCompleted(RunStates):
    """
    A run whose model called functions is over, and nobody is asked for results.
    """

    id = "tool-run-completed"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/tools",)

    def outcome(self, answer: Answer) -> dict[str, Any]:
        found = super().outcome(answer)
        return {**found, "status": "completed"} if found["status"] == "requires_action" else found


class ToolOutputsUnchecked(RunStates):
    """
    Results of some of the calls, or of others, do as well.
    """

    id = "tool-outputs-unchecked"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/tools",)

    def resume(self, connection: Connection, run: Run, outputs: Sequence[ToolOutput]) -> None:
        self.store.move(connection, run.id, ["requires_action"], status="queued", required_action=None)


class ToolOutputsForgotten(Runs):
    """
    The results of functions are taken, and not put into the conversation.
    """

    id = "tool-outputs-forgotten"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/tools",)

    async def begun(
        self,
        run: Run,
        messages: Sequence[NewMessage],
        who: Principal | None,
        makes: NewThread | None,
        outputs: Sequence[ToolOutput] | None = None,
    ) -> UnderWay:
        return await super().begun(run, messages if outputs is None else [], who, makes, outputs)


class ToolCallsListed(AssistantsWire):
    """
    Calls and results of functions are listed as messages.
    """

    id = "tool-calls-listed"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("runs/tools",)

    def visible(self, stored: Sequence[Message]) -> list[Message]:
        return list(stored)
