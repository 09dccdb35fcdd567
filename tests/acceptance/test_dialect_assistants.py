"""
The Assistants dialect with OpenAI's own client; and what needs two processes over one database, or the death of one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import openai
import psycopg
import pytest
from reference_process import Model, Process, modelling, serving

# OpenAI has shut its own server down, and says so of every method; the client still speaks the API (C-57).
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")

ORDER = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
]


@dataclass
class Pair:
    """
    Two servers over one database, a client for each, and the model of both.
    """

    processes: list[Process]
    model: Model
    database: str
    clients: list[openai.OpenAI] = field(default_factory=list)
    assistant: str = ""

    @property
    def one(self) -> openai.OpenAI:
        return self.clients[0]

    @property
    def other(self) -> openai.OpenAI:
        return self.clients[1]

    def change(self, statement: str, name: str) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            assert connection.execute(statement, [name]).rowcount == 1


def client_of(process: Process) -> openai.OpenAI:
    # Without max_retries=0 the client would hide a failure by asking again.
    return openai.OpenAI(base_url=f"{process.url}/assistants/v1", api_key="alice", max_retries=0)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    with (
        serving(f"sqlite:///{tmp_path_factory.mktemp('db')}/assistants.db") as process,
        client_of(process) as one,
    ):
        yield one


@pytest.fixture
def assistant(client: openai.OpenAI) -> str:
    return client.beta.assistants.create(model="gpt-4", name="Anna").id


@pytest.fixture
def pair(postgres_url: str) -> Iterator[Pair]:
    with ExitStack() as stack:
        model = stack.enter_context(modelling())
        processes = [stack.enter_context(serving(postgres_url, "--upstream", model.url)) for _ in range(2)]
        pair = Pair(processes, model, postgres_url, [stack.enter_context(client_of(one)) for one in processes])
        pair.assistant = pair.one.beta.assistants.create(model="gpt-4").id
        yield pair


def begun(pair: Pair) -> tuple[str, str]:
    """
    A thread, and a run of the first process that waits for the model.
    """
    thread = pair.one.beta.threads.create(messages=[{"role": "user", "content": "Wait"}]).id
    run = pair.one.beta.threads.runs.create(thread, assistant_id=pair.assistant)
    assert status_after(pair.other, thread, run.id, "queued") == "in_progress"
    return thread, run.id


def status_after(client: openai.OpenAI, thread: str, run: str, *before: str) -> str:
    """
    The status that a run has next. Raises where it has none after 5 s.
    """
    end = time.monotonic() + 5
    while time.monotonic() < end:
        status = client.beta.threads.runs.retrieve(run, thread_id=thread).status
        if status not in before:
            return status
        time.sleep(0.02)
    raise AssertionError(f"the run is still {before}")


# -- the official client


def test_a_run_is_polled_to_its_answer(client: openai.OpenAI, assistant: str):
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content="Hello!", metadata={"a": "1"})

    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant, poll_interval_ms=20)

    newest, first = client.beta.threads.messages.list(thread.id).data
    assert (run.status, newest.run_id, newest.assistant_id) == ("completed", run.id, assistant)
    assert (first.role, first.metadata, newest.role) == ("user", {"a": "1"}, "assistant")


def test_events_come_in_the_order_of_the_specification(client: openai.OpenAI, assistant: str):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": "Hello!"}])

    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant) as stream:
        names = [event.event for event in stream]

    assert list(dict.fromkeys(names)) == ORDER
    assert [one for one in names if one != "thread.message.delta"] == [one for one in ORDER if "delta" not in one]


def test_the_streamed_text_is_the_message_that_is_read(client: openai.OpenAI, assistant: str):
    with client.beta.threads.create_and_run_stream(
        assistant_id=assistant, thread={"messages": [{"role": "user", "content": "Hello!"}]}
    ) as stream:
        said = "".join(stream.text_deltas)
        (message,) = stream.get_final_messages()

    read = client.beta.threads.messages.retrieve(message.id, thread_id=message.thread_id)
    assert read == message
    assert [part.text.value for part in read.content if part.type == "text"] == [said]


def test_a_list_is_walked_to_its_end(client: openai.OpenAI):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": f"m{place}"} for place in range(25)])

    walked = [one.content[0].text.value for one in client.beta.threads.messages.list(thread.id, limit=10)]  # type: ignore[union-attr]

    assert walked == [f"m{place}" for place in range(24, -1, -1)]


def test_errors_are_the_client_s_own(client: openai.OpenAI, assistant: str):
    with pytest.raises(openai.NotFoundError, match="No thread found with id 'thread_none'"):
        client.beta.threads.runs.create("thread_none", assistant_id=assistant)
    with pytest.raises(openai.BadRequestError, match="Expected an ID that begins with 'thread'") as refused:
        client.beta.threads.retrieve("undefined")
    assert (refused.value.type, refused.value.param) == ("invalid_request_error", "thread_id")
    with pytest.raises(openai.BadRequestError):
        client.beta.threads.create(metadata={"a": "x" * 513})


# -- two processes


def test_a_run_of_one_process_locks_the_thread_in_the_other(pair: Pair):
    thread, run = begun(pair)

    with pytest.raises(openai.BadRequestError, match=f"Thread {thread} already has an active run {run}."):
        pair.other.beta.threads.runs.create(thread, assistant_id=pair.assistant)
    with pytest.raises(openai.BadRequestError, match=f"Can't add messages to {thread} while a run {run} is active."):
        pair.other.beta.threads.messages.create(thread, role="user", content="Me too")
    pair.model.gate.set()

    assert status_after(pair.other, thread, run, "in_progress") == "completed"
    assert pair.other.beta.threads.messages.create(thread, role="user", content="Now").role == "user"


def test_a_run_is_cancelled_through_the_other_process_while_the_model_is_silent(pair: Pair):
    thread, run = begun(pair)

    assert pair.other.beta.threads.runs.cancel(run, thread_id=thread).status == "cancelling"

    assert status_after(pair.other, thread, run, "cancelling") == "cancelled"
    assert [one.role for one in pair.other.beta.threads.messages.list(thread)] == ["user"]
    pair.model.gate.set()
    again = pair.other.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=pair.assistant)
    assert again.status == "completed"


def test_a_run_whose_process_was_killed_frees_its_thread(pair: Pair):
    thread, run = begun(pair)
    pair.processes[0].process.kill()
    # Half a minute without a sign of life, at once.
    pair.change("UPDATE threads SET busy_until = now() - interval '1 second' WHERE id = %s", thread)

    dead = pair.other.beta.threads.runs.retrieve(run, thread_id=thread)
    pair.model.gate.set()
    again = pair.other.beta.threads.runs.create_and_poll(thread_id=thread, assistant_id=pair.assistant)

    assert (dead.status, dead.last_error and dead.last_error.code) == ("failed", "server_error")
    assert again.status == "completed"


def test_a_run_expires_and_its_late_answer_is_not_stored(pair: Pair):
    thread, run = begun(pair)
    pair.change("UPDATE runs SET expires_at = now() - interval '1 second' WHERE id = %s", run)

    assert status_after(pair.other, thread, run, "in_progress") == "expired"
    pair.model.gate.set()
    time.sleep(0.5)  # for the answer to come, were nobody to stop it: it takes 10 ms

    assert [one.role for one in pair.one.beta.threads.messages.list(thread)] == ["user"]
    pair.one.beta.threads.messages.create(thread, role="user", content="Free again")
