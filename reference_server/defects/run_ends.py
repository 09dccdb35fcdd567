"""
Runs that end as what they are not, and runs that are shown to others or as others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, update

from reference_server.core.answers import Answer
from reference_server.core.errors import CoreError, NotFound
from reference_server.core.people import Principal
from reference_server.core.records import NewMessage, NewThread
from reference_server.core.run_records import ACTIVE, Closed, Making, Run, RunRequest, Step
from reference_server.core.run_states import RunStates
from reference_server.core.run_store import RunStore
from reference_server.core.runs import Runs, UnderWay
from reference_server.core.tables import runs
from reference_server.dialects.assistants.wire import AssistantsWire


class CompletedOnFailure(RunStates):
    """
    A run whose model failed is completed.
    """

    id = "run-completed-on-failure"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/failed-run-says-why", "errors/upstream-failure-is-told-in-the-stream")

    def fail(self, connection: Connection, run: Run, error: CoreError) -> None:
        if run.status == "cancelling":
            super().fail(connection, run, error)
        self.store.move(connection, run.id, ACTIVE, status="completed", completed_at=self.now())


class StuckAfterUpstreamError(RunStates):
    """
    A run whose model failed stays in progress, and its thread stays locked.
    """

    id = "run-stuck-after-upstream-error"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/failed-run-says-why", "errors/upstream-failure-is-told-in-the-stream")

    def fail(self, connection: Connection, run: Run, error: CoreError) -> None:
        if run.status == "cancelling":
            super().fail(connection, run, error)


class ErrorWithoutReason(RunStates):
    """
    A failed run does not say why.
    """

    id = "run-error-without-reason"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/failed-run-says-why",)

    def fail(self, connection: Connection, run: Run, error: CoreError) -> None:
        super().fail(connection, run, error)
        connection.execute(update(runs).where(runs.c.id == run.id).values(last_error=None))


class FailedRunShowsStep(RunStates):
    """
    A run that failed before it said anything shows a step all the same.
    """

    id = "failed-run-shows-step"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/failed-run-says-why",)

    def close(self, connection: Connection, making: Making, error: CoreError | None, begun: bool) -> Closed:
        return super().close(connection, making, error, True)


class CutOffRunCompleted(RunStates):
    """
    A run whose answer ran into the limit is completed like any other.
    """

    id = "cut-off-run-completed"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/cut-off-run-is-incomplete",)

    def outcome(self, answer: Answer) -> dict[str, Any]:
        found = super().outcome(answer)
        return {**found, "status": "completed"} if found["status"] == "incomplete" else found


class UsageMissing(RunStates):
    """
    What the model counted is not kept.
    """

    id = "run-usage-missing"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/usage-is-told",)

    def usage(self, answer: Answer) -> dict[str, Any] | None:
        return None


class UsageZero(RunStates):
    """
    What the model counted is shown as nothing.
    """

    id = "run-usage-zero"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/usage-is-told",)

    def usage(self, answer: Answer) -> dict[str, Any] | None:
        return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


class InstructionsIgnored(Runs):
    """
    A run's own instructions do not count.
    """

    id = "run-instructions-ignored"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/instructions-are-for-one-run",)

    async def start(self, request: RunRequest) -> UnderWay:
        return await super().start(replace(request, instructions=None))


class InstructionsStick(Runs):
    """
    The instructions of one run become the assistant's.
    """

    id = "run-instructions-stick"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/instructions-are-for-one-run",)

    async def start(self, request: RunRequest) -> UnderWay:
        under_way = await super().start(request)
        if request.instructions is not None:
            await self.assistants.change(request.assistant, {"instructions": request.instructions}, request.who)
        return under_way


class MoreInstructionsReplace(Runs):
    """
    Additional instructions take the place of the assistant's.
    """

    id = "more-instructions-replace"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/instructions-are-for-one-run",)

    async def start(self, request: RunRequest) -> UnderWay:
        only = request.more_instructions or request.instructions
        return await super().start(replace(request, instructions=only, more_instructions=None))


class RunModelIgnored(Runs):
    """
    A run that names a model is answered by the assistant's.
    """

    id = "run-model-ignored"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/options-reach-the-model",)

    async def start(self, request: RunRequest) -> UnderWay:
        return await super().start(replace(request, model=None))


class AssistantToolsNotSent(Runs):
    """
    The functions of an assistant are not sent to the model.
    """

    id = "assistant-tools-not-sent"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/options-reach-the-model",)

    async def start(self, request: RunRequest) -> UnderWay:
        return await super().start(replace(request, tools=request.tools or []))


class StepsOfTheWholeThread(Runs):
    """
    The steps of a run are those of all runs of its thread.
    """

    id = "steps-of-the-whole-thread"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/steps-tell-what-was-done",)

    async def steps(self, thread_id: str, run_id: str, who: Principal | None) -> list[Step]:
        found = []
        for one in await self.all(thread_id, who):
            found += await super().steps(thread_id, one.id, who)
        return found


class NoSteps(RunStates):
    """
    No step is kept.
    """

    id = "no-steps"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/steps-tell-what-was-done",)

    def steps_of_answer(self, making: Making, answer: Answer) -> list[Step]:
        return []


class RunRevivesItsThread(RunStates):
    """
    A run that ends after its thread was deleted makes the thread anew.
    """

    id = "run-revives-its-thread"
    seam = "run_states"
    dialects = ("assistants",)
    caught_by = ("runs/deleted-thread-ends-its-run",)

    def close(self, connection: Connection, making: Making, error: CoreError | None, begun: bool) -> Closed:
        closed = super().close(connection, making, error, begun)
        if closed.run is None:
            thread = NewThread(making.run.thread_id, owner="user-alice", tenant="tenant-1")
            self.messages.insert_thread(connection, thread)
            self.messages.append(connection, making.run.thread_id, [NewMessage("assistant", "late", making.message_id)])
        return closed


class RunRoutesWithoutOwner(Runs):
    """
    A run is shown to whoever knows its id.
    """

    id = "run-routes-no-owner"
    group = "auth-tenancy"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/of-somebody-else-are-missing",)

    async def get(self, thread_id: str, run_id: str, who: Principal | None) -> Run:
        return await super().get(thread_id, run_id, None)


class RunIdNotThreadScoped(Runs):
    """
    A run is found under the address of any thread.
    """

    id = "run-id-not-thread-scoped"
    group = "auth-tenancy"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/of-another-thread-is-missing",)

    async def get(self, thread_id: str, run_id: str, who: Principal | None) -> Run:
        await super().all(thread_id, who)
        found = await self.database.run(lambda held: self.store.find(held, run_id), write=False)
        if found is None:
            raise NotFound(f"No run found with id '{run_id}'.")
        return found


class RunListOfAllThreads(RunStore):
    """
    The list of a thread's runs has those of other threads.
    """

    id = "run-list-wrong-thread"
    seam = "run_store"
    dialects = ("assistants",)
    caught_by = ("runs/of-another-thread-is-missing", "runs/answer-names-its-run")

    def of_thread(self, connection: Connection, thread_id: str) -> list[Run]:
        others = connection.scalars(runs.select().with_only_columns(runs.c.thread_id).distinct())
        found = []
        for other in sorted({thread_id, *others}):
            found += super().of_thread(connection, other)
        return found


class RunKeysLeftOut(AssistantsWire):
    """
    A run is shown without the keys that have no value.
    """

    id = "run-keys-left-out"
    seam = "assistants"
    dialects = ("assistants",)
    caught_by = ("runs/shape",)

    def run(self, one: Run) -> dict[str, Any]:
        return {name: value for name, value in super().run(one).items() if value is not None}


class RunMetadataLost(Runs):
    """
    A run's metadata is not kept.
    """

    id = "run-metadata-lost"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/shape",)

    async def start(self, request: RunRequest) -> UnderWay:
        return await super().start(replace(request, metadata={}))


class ThreadAndRunLosesMessages(Runs):
    """
    A thread that is made together with a run is made empty.
    """

    id = "thread-and-run-loses-messages"
    seam = "runs"
    dialects = ("assistants",)
    caught_by = ("runs/thread-and-run-in-one",)

    async def start(self, request: RunRequest) -> UnderWay:
        return await super().start(request if request.makes is None else replace(request, messages=[]))
