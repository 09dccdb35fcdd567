"""
Runs: an assistant answers a thread, in a task of its own. The run's row says how far it is, for every process; at most
one run of a thread is active, which a unique index holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from reference_server.core.answers import Answer
from reference_server.core.assistants import Assistants
from reference_server.core.errors import CoreError, Invalid, NotFound, Stopped
from reference_server.core.ids import new_id
from reference_server.core.people import Principal
from reference_server.core.records import Message, NewMessage, NewThread
from reference_server.core.run_records import Closed, Making, Run, RunRequest, Step, ToolOutput
from reference_server.core.run_states import RunStates
from reference_server.core.threads import Threads
from reference_server.core.turns import Course, Question, Running, Turns
from reference_server.core.upstream import Piece

__all__ = ["RunCourse", "RunEvent", "Runs", "UnderWay"]

log: Final = logging.getLogger("reference_server.runs")

LIFETIME: Final = 600.0  # seconds after which a run expires: OpenAI's ten minutes
LOOK: Final = 0.2  # seconds between two looks at what other processes made of the runs of this one

TOLD: Final = ("temperature", "top_p", "max_completion_tokens", "response_format")
CALLING: Final = ("tool_choice", "parallel_tool_calls")  # models refuse these where there is nothing to call

RunEvent = Run | Piece | Closed


class UnderWay:
    """
    A run under way, as its caller sees it: `made` as soon as it is stored, then its events to the end.
    """

    def __init__(self, making: Making) -> None:
        self.making = making
        self._made: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        self._events: asyncio.Queue[RunEvent] = asyncio.Queue()

    def begin(self, run: Run) -> None:
        if not self._made.done():
            self._made.set_result(run)

    def refuse(self, error: CoreError) -> bool:
        """
        Tell the caller that there will be no run; whether it was not too late for that.
        """
        if self._made.done():
            return False
        self._made.set_exception(error)
        return True

    async def made(self) -> Run:
        """
        Raises what kept the run from being made: then nothing was stored.
        """
        return await asyncio.shield(self._made)

    def tell(self, event: RunEvent) -> None:
        self._events.put_nowait(event)

    async def events(self) -> AsyncIterator[RunEvent]:
        event: RunEvent | None = None
        while not isinstance(event, Closed):
            event = await self._events.get()
            yield event


class RunCourse(Course):
    """
    What a run adds to a turn: its row is stored with the question, and ends with the answer.
    """

    def __init__(self, runs: Runs, under_way: UnderWay, outputs: Sequence[ToolOutput] | None) -> None:
        self.runs = runs
        self.states = runs.states
        self.under_way = under_way
        self.making = under_way.making
        self.outputs = outputs

    def begins(self, connection: Connection) -> None:
        if self.outputs is None:
            self.states.enter(connection, self.making.run)
        else:
            self.states.resume(connection, self.making.run, self.outputs)

    async def asks(self) -> None:
        queued = replace(self.making.run, status="queued", required_action=None)
        self.under_way.begin(queued)
        self.under_way.tell(queued)
        self.under_way.tell(await self.runs.work(queued))

    def ends(self, connection: Connection, answer: Answer) -> NewMessage:
        return self.states.answered(connection, self.making, answer)


class Runs:
    """
    Begins runs, follows them to their end, and shows them.
    """

    lifetime = LIFETIME

    def __init__(self, turns: Turns, threads: Threads, assistants: Assistants, states: RunStates) -> None:
        self.turns = turns
        self.threads = threads
        self.assistants = assistants
        self.states = states
        self.store = states.store
        self.database = turns.database
        self._working: dict[str, Running] = {}
        self._stored: set[str] = set()  # of these, those whose row was made
        self._tasks: set[asyncio.Task[None]] = set()

    # -- beginning

    async def start(self, request: RunRequest) -> UnderWay:
        """
        Store the question and the run, and begin to work. Raises `NotFound` for what the caller has not, `Busy`.
        """
        assistant = await self.assistants.get(request.assistant, request.who)
        texts = (assistant.instructions if request.instructions is None else request.instructions,)
        now = self.turns.store.now()
        run = Run(
            id=new_id("run"),
            thread_id=request.thread,
            assistant_id=assistant.id,
            status="queued",
            model=request.model or assistant.model,
            created_at=now,
            expires_at=now + timedelta(seconds=self.lifetime),
            instructions="\n".join(text for text in (*texts, request.more_instructions) if text) or None,
            tools=assistant.tools if request.tools is None else request.tools,
            metadata=request.metadata,
            settings={**assistant.settings, **request.settings},
        )
        return await self.begun(run, request.messages, request.who, request.makes)

    def window(self, settings: Mapping[str, Any]) -> int | None:
        """
        How many of the last messages the model gets. Raises `Invalid` for none at all.
        """
        wanted = settings.get("truncation_strategy") or {}
        if wanted.get("type") != "last_messages":
            return None
        count = wanted.get("last_messages")
        if not isinstance(count, int) or count < 1:
            raise Invalid("last_messages must be at least 1", "truncation_strategy")
        return count

    async def submit(
        self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput], who: Principal | None
    ) -> UnderWay:
        """
        Go on with a run that waits for its tools. Raises `Invalid` where it does not, or not for these.
        """
        run = await self.get(thread_id, run_id, who)
        answers = [
            NewMessage("tool", one.output, new_id("msg"), tool_call_id=one.call, run_id=run_id) for one in outputs
        ]
        return await self.begun(run, answers, who, None, outputs)

    async def begun(
        self,
        run: Run,
        messages: Sequence[NewMessage],
        who: Principal | None,
        makes: NewThread | None,
        outputs: Sequence[ToolOutput] | None = None,
    ) -> UnderWay:
        making = Making(run, new_id("msg"), new_id("step"))
        under_way = UnderWay(making)
        question = Question(
            thread=run.thread_id,
            messages=messages,
            answer_id=making.message_id,
            system=run.instructions,
            model=run.model,
            options=self.options(run),
            who=who,
            creates=makes is not None,
            makes=makes,
            turn=run.id,
            course=RunCourse(self, under_way, outputs),
            waits=False,
            window=self.window(run.settings),
        )
        running = self._working[run.id] = self.turns.start(question)
        task = asyncio.get_running_loop().create_task(self.follow(under_way, running))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.watch()
        await under_way.made()
        return under_way

    def options(self, run: Run) -> dict[str, Any]:
        """
        What of a run's settings the model is told. Tools of the server's own it does not know.
        """
        settings = {name: value for name, value in run.settings.items() if value not in (None, "auto")}
        told: dict[str, Any] = {name: settings[name] for name in TOLD if name in settings}
        functions = [one for one in run.tools if one.get("type") == "function"]
        calling: dict[str, Any] = {name: settings[name] for name in CALLING if name in settings}
        # A run says what it cost, so the model is asked to.
        usage = {"stream_options": {"include_usage": True}}
        return {**told, **usage, **({**calling, "tools": functions} if functions else {})}

    # -- working

    async def work(self, run: Run) -> Run:
        """
        Raises `Stopped` where the run was cancelled before it began.
        """
        self._stored.add(run.id)
        moved = await self.database.run(
            lambda held: self.store.move(held, run.id, ["queued"], status="in_progress", started_at=self.now()),
            write=True,
        )
        if moved is None:
            raise Stopped("the run was called off")
        return moved

    # -- following

    async def follow(self, under_way: UnderWay, running: Running) -> None:
        """
        Pass on what the turn tells, and store how the run ends where no answer did.
        """
        begun = False
        async for event in running.events():
            if isinstance(event, Piece):
                begun = begun or bool(event.text)
                under_way.tell(event)
                continue
            self._working.pop(under_way.making.run.id, None)
            self._stored.discard(under_way.making.run.id)
            error = event if isinstance(event, CoreError) else None
            if error is None or not under_way.refuse(error):
                under_way.tell(await self.closed(under_way.making, error, begun))

    async def closed(self, making: Making, error: CoreError | None, begun: bool) -> Closed:
        try:
            return await self.database.run(lambda held: self.states.close(held, making, error, begun), write=True)
        except SQLAlchemyError:
            log.exception("a run's end could not be stored")
            return Closed(None)

    def watch(self) -> None:
        """
        Look after the runs of this process, as long as there are any.
        """
        if len(self._working) == 1:
            task = asyncio.get_running_loop().create_task(self.look())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def look(self) -> None:
        """
        Give up the runs that were called off, have expired, or are gone together with their thread.
        """
        while self._working:
            await asyncio.sleep(LOOK)
            stored = set(self._stored)
            try:
                wanted = list(self._working)
                found = await self.database.run(lambda held, ids=wanted: self.store.statuses(held, ids), write=False)  # type: ignore[misc]
            except SQLAlchemyError:
                continue
            ended = {run_id for run_id, status in found.items() if status in ("cancelling", "expired", "failed")}
            for run_id in ended | (stored - found.keys()):
                if running := self._working.pop(run_id, None):
                    running.task.cancel()

    # -- what callers see and change

    async def cancel(self, thread_id: str, run_id: str, who: Principal | None, *, waits: bool = False) -> Run:
        """
        Call a run off. One that waits for its tools is cancelled at once, one that is worked on as soon as its process
        takes notice; who waits is answered then. Raises `Invalid` for one that is over.
        """
        run = await self.database.run(lambda held: self.called_off(held, thread_id, run_id, who), write=True)
        while waits and run.active:
            await asyncio.sleep(LOOK)
            run = await self.get(thread_id, run_id, who)
        return run

    def called_off(self, connection: Connection, thread_id: str, run_id: str, who: Principal | None) -> Run:
        self.threads.own(connection, thread_id, who)
        return self.states.call_off(connection, thread_id, run_id)

    async def add_message(self, thread_id: str, new: NewMessage, who: Principal | None) -> Message:
        """
        Raises `Busy` while a run of the thread is active.
        """
        return (await self.database.run(lambda held: self.added(held, thread_id, [new], who), write=True))[0]

    def added(
        self, connection: Connection, thread_id: str, new: Sequence[NewMessage], who: Principal | None
    ) -> list[Message]:
        self.threads.own(connection, thread_id, who)
        self.states.check_free(connection, thread_id, "Can't add messages to {thread} while a run {run} is active.")
        return self.turns.store.append(connection, thread_id, new)

    async def get(self, thread_id: str, run_id: str, who: Principal | None) -> Run:
        found = await self.all(thread_id, who)
        run = next((one for one in found if one.id == run_id), None)
        if run is None:
            raise NotFound(f"No run found with id '{run_id}'.")
        return run

    async def all(self, thread_id: str, who: Principal | None) -> list[Run]:
        """
        The runs of a thread, oldest first.
        """
        found, dead = await self.database.run(lambda held: self.listed(held, thread_id, who), write=False)
        if dead:
            await self.database.run(lambda held: self.states.living(held, thread_id), write=True)
            found, _ = await self.database.run(lambda held: self.listed(held, thread_id, who), write=False)
        return found

    def listed(self, connection: Connection, thread_id: str, who: Principal | None) -> tuple[list[Run], bool]:
        """
        The runs of a thread, and whether one of them is to be buried: a reader only looks.
        """
        self.threads.seen(connection, thread_id, who)
        alive_until = self.store.alive_until(connection, thread_id)
        found, now = self.store.of_thread(connection, thread_id), self.now()
        return found, any(one.active and self.states.dead(one, alive_until, now) for one in found)

    async def steps(self, thread_id: str, run_id: str, who: Principal | None) -> list[Step]:
        await self.get(thread_id, run_id, who)
        return await self.database.run(lambda held: self.store.steps(held, run_id), write=False)

    async def change(self, thread_id: str, run_id: str, metadata: dict[str, str], who: Principal | None) -> Run:
        await self.get(thread_id, run_id, who)
        await self.database.run(lambda held: self.store.change(held, run_id, metadata), write=True)
        return await self.get(thread_id, run_id, who)

    def now(self) -> datetime:
        return datetime.now(UTC)
