"""
How runs change: each method is part of a transaction that the caller holds. What a run may become depends on what it
is, whichever process made it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from reference_server.core.answers import Answer
from reference_server.core.errors import Busy, CoreError, Invalid, NotFound, Stopped, UpstreamFailed
from reference_server.core.ids import new_id
from reference_server.core.records import NewMessage
from reference_server.core.run_records import ACTIVE, WORKING, Closed, Making, Run, Step, ToolOutput
from reference_server.core.run_store import RunStore
from reference_server.core.store import Store

__all__ = ["RunStates"]


class RunStates:
    """
    queued, in progress, then completed, incomplete, failed, or waiting for tools and queued again; from any of these
    cancelled or expired.
    """

    def __init__(self, store: RunStore, messages: Store) -> None:
        self.store = store
        self.messages = messages

    # -- to begin

    def enter(self, connection: Connection, run: Run) -> None:
        """
        Store a run. Raises `Busy` where the thread has an active one.
        """
        self.check_free(connection, run.thread_id, "Thread {thread} already has an active run {run}.")
        if not self.store.add(connection, run):
            raise Busy(f"Thread {run.thread_id} already has an active run.")

    def check_free(self, connection: Connection, thread_id: str, text: str) -> None:
        """
        Raises `Busy` with the text where the thread has an active run. Locks the thread.
        """
        active = self.living(connection, thread_id)
        if active is not None:
            raise Busy(text.format(thread=thread_id, run=active.id))

    def resume(self, connection: Connection, run: Run, outputs: Sequence[ToolOutput]) -> None:
        """
        Queue a run again that has what it waited for.
        """
        self.living(connection, run.thread_id)
        now = self.store.run(connection, run.thread_id, run.id)
        if now.status != "requires_action":
            raise Invalid(f'Runs in status "{now.status}" do not accept tool outputs.')
        calls = now.required_action["submit_tool_outputs"]["tool_calls"]
        if sorted(call["id"] for call in calls) != sorted(one.call for one in outputs):
            raise Invalid("Expected one tool output for each of the run's tool calls.", "tool_outputs")
        self.store.move(connection, run.id, ["requires_action"], status="queued", required_action=None)
        given = {one.call: one.output for one in outputs}
        details = [{**call, "function": {**call["function"], "output": given[call["id"]]}} for call in calls]
        done = {"type": "tool_calls", "tool_calls": details}
        self.store.end_steps(connection, run.id, status="completed", completed_at=self.now(), details=done)

    # -- to be answered

    def answered(self, connection: Connection, making: Making, answer: Answer) -> NewMessage:
        """
        End the run in the transaction that stores its answer. Raises `NotFound` where it was deleted, `Stopped` where
        it was called off.
        """
        made = replace(
            answer.message(),
            run_id=making.run.id,
            assistant_id=making.run.assistant_id,
            status="incomplete" if answer.finish in ("length", "content_filter") else "completed",
        )
        if self.store.move(connection, making.run.id, WORKING, **self.outcome(answer)) is None:
            self.store.run(connection, making.run.thread_id, making.run.id)
            raise Stopped("the run was called off")
        for step in self.steps_of_answer(making, answer):
            self.store.add_step(connection, step)
        return made

    def outcome(self, answer: Answer) -> dict[str, Any]:
        """
        What the end of the answer makes of the run.
        """
        now = self.now()
        if answer.tool_calls:
            action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": answer.tool_calls}}
            return {"status": "requires_action", "required_action": action}
        if answer.finish in ("length", "content_filter"):
            reason = "max_completion_tokens" if answer.finish == "length" else answer.finish
            return {"status": "incomplete", "incomplete_details": {"reason": reason}, "usage": self.usage(answer)}
        return {"status": "completed", "completed_at": now, "usage": self.usage(answer)}

    def usage(self, answer: Answer) -> dict[str, Any] | None:
        """
        What the model counted; nothing is made up.
        """
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        counted = {name: count for name in names if (count := answer.tokens(name)) is not None}
        return counted if len(counted) == len(names) else None

    def steps_of_answer(self, making: Making, answer: Answer) -> list[Step]:
        now, steps = self.now(), []
        if answer.pieces:
            said = {"type": "message_creation", "message_creation": {"message_id": making.message_id}}
            step = self.step(making, "message_creation", said, now)
            steps.append(replace(step, status="completed", completed_at=now, usage=self.usage(answer)))
        if answer.tool_calls:
            calls = {"type": "tool_calls", "tool_calls": answer.tool_calls}
            # Behind the message, also where a clock says that it is the same moment.
            steps.append(self.step(making, "tool_calls", calls, now + timedelta(microseconds=1), new_id("step")))
        return steps

    def step(self, making: Making, kind: str, details: Any, now: datetime, name: str | None = None) -> Step:
        run = making.run
        step_id = name or making.step_id
        return Step(step_id, run.id, run.thread_id, run.assistant_id, kind, "in_progress", details, now)

    # -- to end without an answer

    def close(self, connection: Connection, making: Making, error: CoreError | None, begun: bool) -> Closed:
        """
        How the run is stored. Where nothing has ended it yet, the error does; a turn without an answer and without an
        error has lost its question.
        """
        run = self.store.find(connection, making.run.id)
        if run is not None and run.status in (*WORKING, "cancelling"):
            self.fail(connection, run, error or NotFound("the question was deleted"))
            if begun:
                self.store.add_step(connection, self.lost_step(connection, making))
            run = self.store.find(connection, making.run.id)
        name = making.message_id
        message = self.messages.by_external_id(connection, making.run.thread_id, name)
        return Closed(run, message, self.store.steps(connection, making.run.id))

    def lost_step(self, connection: Connection, making: Making) -> Step:
        """
        The step of a message that was begun and came to nothing.
        """
        run = self.store.run(connection, making.run.thread_id, making.run.id)
        now = self.now()
        said = {"type": "message_creation", "message_creation": {"message_id": making.message_id}}
        step = replace(self.step(making, "message_creation", said, now), last_error=run.last_error)
        if run.status == "cancelled":
            return replace(step, status="cancelled", cancelled_at=now)
        return replace(step, status="failed", failed_at=now)

    def fail(self, connection: Connection, run: Run, error: CoreError) -> None:
        """
        End a run without an answer: a run that was to be cancelled is, any other has failed.
        """
        if run.status == "cancelling":
            self.store.move(connection, run.id, ACTIVE, status="cancelled", cancelled_at=self.now())
            return
        limited = isinstance(error, UpstreamFailed) and error.status == 429
        last = {"code": "rate_limit_exceeded" if limited else "server_error", "message": str(error)}
        self.store.move(connection, run.id, ACTIVE, status="failed", failed_at=self.now(), last_error=last)

    def living(self, connection: Connection, thread_id: str) -> Run | None:
        """
        The active run of a thread, after the dead are buried. Locks the thread.
        """
        self.store.lock(connection, thread_id)
        alive_until = self.store.alive_until(connection, thread_id)
        run, now = self.store.active(connection, thread_id), self.now()
        if run is None or not self.dead(run, alive_until, now):
            return run
        self.bury(connection, run, now)
        return None

    def dead(self, run: Run, alive_until: datetime | None, now: datetime) -> bool:
        """
        A run past its time; or one that is worked on by a process that gives no sign of life any more.
        """
        if run.expires_at is not None and run.expires_at <= now:
            return True
        return run.status != "requires_action" and alive_until is not None and alive_until <= now

    def bury(self, connection: Connection, run: Run, now: datetime) -> None:
        if run.expires_at is not None and run.expires_at <= now:
            self.store.move(connection, run.id, ACTIVE, status="expired", required_action=None)
            self.store.end_steps(connection, run.id, status="expired")
        else:
            self.fail(connection, run, Stopped("the server went down"))

    def call_off(self, connection: Connection, thread_id: str, run_id: str) -> Run:
        """
        Cancel a run that waits for its tools; have one cancelled that is worked on. Raises `Invalid` for one that is
        over.
        """
        self.living(connection, thread_id)
        run = self.store.run(connection, thread_id, run_id)
        if run.status == "requires_action":
            self.cancel_waiting(connection, run)
        elif run.status in WORKING:
            self.store.move(connection, run_id, WORKING, status="cancelling")
        elif run.status != "cancelling":
            raise Invalid(f"Cannot cancel run with status '{run.status}'.")
        return self.store.run(connection, thread_id, run_id)

    def cancel_waiting(self, connection: Connection, run: Run) -> None:
        ended = {"status": "cancelled", "cancelled_at": self.now()}
        self.store.move(connection, run.id, ACTIVE, required_action=None, **ended)
        self.store.end_steps(connection, run.id, **ended)

    def now(self) -> datetime:
        return datetime.now(UTC)
