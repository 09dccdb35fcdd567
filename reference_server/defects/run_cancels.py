"""
Runs that are called off, or lose their thread or their process, and go on or hold up others.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, update

from reference_server.core.people import Principal
from reference_server.core.run_records import WORKING, Run
from reference_server.core.run_states import RunStates
from reference_server.core.run_store import RunStore
from reference_server.core.runs import Runs
from reference_server.core.tables import threads
from reference_server.dialects.assistants.wire import AssistantsWire

ONLY = ("assistants",)


class DeleteLeavesRunActive(RunStore):
    """
    A run whose thread is deleted goes on asking its model.
    """

    id = "delete-leaves-run-active"
    group = "delete-cascade"
    seam = "run_store"
    dialects = ONLY
    caught_by = ("runs/deleted-thread-ends-its-run",)

    def statuses(self, connection: Connection, wanted: Collection[str]) -> dict[str, str]:
        return {**dict.fromkeys(wanted, "in_progress"), **super().statuses(connection, wanted)}


class CancelWaitReturnsRunning(Runs):
    """
    Who waits for the end of a cancelled run is answered before it.
    """

    id = "cancel-wait-returns-running"
    group = "runs"
    seam = "runs"
    dialects = ONLY
    caught_by = ("runs/cancel-waits",)

    async def cancel(self, thread_id: str, run_id: str, who: Principal | None, *, waits: bool = False) -> Run:
        return await super().cancel(thread_id, run_id, who)


class CancelDeadWorkerStrandsThread(RunStates):
    """
    Cancelling a run whose process died closes the run, and keeps its thread for a process that will not come.
    """

    id = "cancel-dead-worker-strands-thread"
    group = "runs"
    seam = "run_states"
    dialects = ONLY
    caught_by = ("runs/expiry",)

    def call_off(self, connection: Connection, thread_id: str, run_id: str) -> Run:
        run, alive_until = self.store.run(connection, thread_id, run_id), self.store.alive_until(connection, thread_id)
        if run.status not in WORKING or not self.dead(run, alive_until, self.now()):
            return super().call_off(connection, thread_id, run_id)
        self.store.move(connection, run_id, WORKING, status="cancelled", cancelled_at=self.now())
        ends = self.now() + timedelta(hours=1)
        connection.execute(update(threads).where(threads.c.id == thread_id).values(busy_until=ends))
        return self.store.run(connection, thread_id, run_id)


class NoProcessingSignal(AssistantsWire):
    """
    Whether a run is worked on or only waits to be cannot be told from outside.
    """

    id = "no-processing-signal"
    group = "runs"
    seam = "assistants"
    dialects = ONLY
    caught_by = ("runs/under-way-is-told",)

    def run(self, one: Run) -> dict[str, Any]:
        shown = super().run(one)
        return {**shown, "status": "queued"} if shown["status"] == "in_progress" else shown
