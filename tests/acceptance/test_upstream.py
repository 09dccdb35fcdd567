"""
The upstream witness on real sockets, read by the clients that targets use.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import openai
import pytest

from conformance.engine.effects import Turn
from conformance.model.scenario import Script, ToolCall
from conformance.model.transcript import Message, UpstreamCall
from conformance.text.digest import text_of
from conformance.text.sse import SseDecoder
from conformance.upstream import performing
from conformance.upstream.essay import essay
from conformance.upstream.server import Upstream
from conformance.upstream.witness import Witness

SAY = "Hi k7"


@dataclass
class Stage:
    """
    A witness, and a client that stands for the target.
    """

    witness: Witness
    client: httpx.AsyncClient

    async def script(self, **script: Any) -> None:
        await self.witness.register(Turn("t", SAY, ("k7",), Script(**script)))

    def asked(self, stream: bool = True, **body: Any) -> httpx.Request:
        body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": SAY}], **body}
        return self.client.build_request("POST", "/any/prefix/v1/chat/completions", json=body)

    async def ask(self, stream: bool = True, **body: Any) -> httpx.Response:
        return await self.client.send(self.asked(stream, **body))

    async def call(self) -> UpstreamCall:
        return (await self.witness.calls("t"))[0]

    async def ended(self) -> UpstreamCall:
        """
        The call when it is over: the leaving of a client takes a moment to arrive.
        """
        for _ in range(5000):
            if (call := await self.call()).ended_at is not None:
                return call
            await asyncio.sleep(0.001)
        raise TimeoutError

    async def read_until(self, enough: Callable[[bytes], bool]) -> None:
        """
        Ask, read until that is enough, and leave.
        """
        async with self.client.stream("POST", "/chat/completions", content=self.asked().content) as answer:
            body = b""
            async for part in answer.aiter_raw():
                body += part
                if enough(body):
                    return


def played(story: Callable[[Stage], Awaitable[Any]]) -> Any:
    async def all_of_it() -> Any:
        async with Upstream() as upstream, httpx.AsyncClient(base_url=upstream.url, trust_env=False) as client:
            return await story(Stage(upstream.witness, client))

    return asyncio.run(all_of_it())


def events(body: bytes) -> list[str]:
    return [event.data for event in SseDecoder().feed(body)]


def text(body: bytes) -> str:
    deltas = [json.loads(data)["choices"][0]["delta"] for data in events(body) if data != "[DONE]"]
    return "".join(delta.get("content", "") for delta in deltas)


def test_a_stream_is_chunked_event_stream_and_keeps_the_connection():
    async def story(stage: Stage) -> Any:
        response = await stage.ask()
        fields = [response.headers[name] for name in ("content-type", "transfer-encoding")]
        return response.status_code, fields, text(response.content), events(response.content)[-1]

    expected = (200, ["text/event-stream", "chunked"], f'Message 1: I read "{SAY}".', "[DONE]")
    assert played(story) == expected


def test_a_connection_serves_many_calls():
    async def story(stage: Stage) -> Any:
        ports = set()
        for stream in (True, False, True):
            async with stage.client.stream("POST", "/chat/completions", content=stage.asked(stream).content) as answer:
                ports.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
                await answer.aread()
        return len(ports)

    assert played(story) == 1


def test_a_target_that_wants_the_connection_closed_gets_it_closed():
    async def story(stage: Stage) -> Any:
        request = stage.asked()
        request.headers["Connection"] = "close"
        await stage.client.send(request)
        return (await raw(stage, wire_bytes(request))).endswith(b"0\r\n\r\n")

    assert played(story) is True


@pytest.mark.parametrize("wire", ["plain", "crlf", "cr", "no-space", "comments", "one-byte", "multiline", "ascii"])
def test_the_openai_client_reads_every_wire_variant(wire: str):
    async def story(stage: Stage) -> Any:
        await stage.script(wire=wire, answer=["naïve ", "😀", "\ud83d", "\ude00", " end"])
        return await openai_text(stage)

    assert played(story) == "naïve 😀\ud83d\ude00 end"


async def openai_text(stage: Stage) -> str:
    async with openai_client(stage) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": SAY}], stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


def openai_client(stage: Stage) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{stage.witness.url}/v1", api_key="any", max_retries=0)


def test_the_openai_client_reads_a_whole_answer_with_tool_calls():
    async def story(stage: Stage) -> Any:
        await stage.script(answer="Let me see.", tool_calls=[ToolCall(id="c1", name="add", arguments='{"a": 1}')])
        async with openai_client(stage) as client:
            answer = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": SAY}])
        choice = answer.choices[0]
        return choice.finish_reason, choice.message.content, [call.id for call in choice.message.tool_calls or []]

    assert played(story) == ("tool_calls", "Let me see.", ["c1"])


def test_the_openai_client_lists_the_models():
    async def story(stage: Stage) -> Any:
        async with openai_client(stage) as client:
            return [model.id async for model in client.models.list()]

    assert played(story) == ["threadgauge", "gpt-4o-mini"]


def test_an_unknown_path_is_refused_as_openai_does():
    async def story(stage: Stage) -> Any:
        async with openai_client(stage) as client:
            try:
                await client.embeddings.create(model="m", input="x")
            except openai.NotFoundError as refused:
                return refused.type

    assert played(story) == "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_a_refusal_is_the_error_that_openai_would_send(status: int, error: type[openai.APIStatusError]):
    async def story(stage: Stage) -> Any:
        await stage.script(refuse=status)
        try:
            await openai_text(stage)
        except error as refused:
            return refused.status_code, refused.response.headers.get("retry-after"), (await stage.call()).outcome

    assert played(story) == (status, "1" if status == 429 else None, "refused")


def test_a_refused_connection_ends_without_a_byte():
    async def story(stage: Stage) -> Any:
        await stage.script(refuse="connect")
        try:
            await stage.ask()
        except httpx.ReadError:
            return (await stage.call()).outcome

    assert played(story) == "refused"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("cut", "error"), [("rst", httpx.ReadError), ("fin", httpx.RemoteProtocolError)])
def test_a_cut_answer_ends_as_the_script_says(stream: bool, cut: Literal["rst", "fin"], error: type[Exception]):
    async def story(stage: Stage) -> Any:
        await stage.script(answer=list("abcdef"), cut_after=3, cut=cut)
        try:
            await stage.ask(stream)
        except error:
            return (await stage.call()).outcome

    assert played(story) == "cut"


@pytest.mark.parametrize("cut", ["rst", "fin"])
@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_before_a_cut_exactly_the_deltas_of_the_script_arrive(cut: Literal["rst", "fin"], count: int):
    async def story(stage: Stage) -> Any:
        await stage.script(answer=list("abcdef"), cut_after=count, cut=cut)
        body = b""
        try:
            async with stage.client.stream("POST", "/chat/completions", content=stage.asked().content) as answer:
                async for part in answer.aiter_raw():
                    body += part
        except httpx.TransportError:
            return text(body)

    assert played(story) == "abcdef"[:count]


def test_a_reset_throws_nothing_away_that_was_sent_before():
    async def story(stage: Stage) -> Any:
        await stage.script(answer=["x" * 3_000_000, "y"], cut_after=1)
        size = 0
        try:
            async with stage.client.stream("POST", "/chat/completions", content=stage.asked().content) as answer:
                async for part in answer.aiter_raw():
                    size += part.count(b"x")
        except httpx.ReadError:
            return size

    assert played(story) >= 3_000_000


def test_one_byte_means_one_byte_in_each_chunk():
    async def story(stage: Stage) -> Any:
        await stage.script(wire="one-byte", answer="é")
        request = stage.asked()
        request.headers["Connection"] = "close"
        _, _, body = (await raw(stage, wire_bytes(request))).partition(b"\r\n\r\n")
        *chunks, _ = body.split(b"\r\n1\r\n")
        return {len(chunk) for chunk in chunks[1:]}

    assert played(story) == {1}


def test_a_clean_cut_is_a_proper_body_without_its_end():
    async def story(stage: Stage) -> Any:
        await stage.script(answer=["a", "b"], cut_after=1, cut="clean")
        body = (await stage.ask()).content
        return text(body), "[DONE]" in events(body), (await stage.call()).outcome

    assert played(story) == ("a", False, "cut")


def test_an_error_in_the_stream_is_one_for_the_openai_client():
    async def story(stage: Stage) -> Any:
        await stage.script(error_after=1)
        try:
            await openai_text(stage)
        except openai.APIError as failed:
            return failed.type

    assert played(story) == "server_error"


def test_a_malformed_event_is_broken_json_and_then_the_body_ends():
    async def story(stage: Stage) -> Any:
        await stage.script(malformed_after=1)
        return events((await stage.ask()).content)[-1]

    with pytest.raises(ValueError, match="Unterminated string"):
        json.loads(played(story))


@pytest.mark.parametrize("gate", ["headers", "first-token", "token-2", "last-token", "finish", "done"])
def test_a_call_is_held_at_its_gate_until_it_is_released(gate: str):
    async def story(stage: Stage) -> Any:
        await stage.script(answer=list("abc"), hold=gate)
        asking = asyncio.ensure_future(stage.ask())
        held = await stage.witness.held("t", 5)
        waiting = not asking.done()
        await stage.witness.release("t", "steps")
        body = (await asking).content
        [mark] = (await stage.call()).gates
        return held, waiting, text(body), mark.gate, mark.by, mark.held_at <= (mark.released_at or 0)

    assert played(story) == (True, True, "abc", gate, "steps", True)


def test_what_is_before_a_gate_has_arrived_while_the_call_is_held():
    async def story(stage: Stage) -> Any:
        await stage.script(answer=list("abc"), hold="last-token")
        reading = asyncio.ensure_future(stage.read_until(lambda body: text(body) == "ab"))
        held = await stage.witness.held("t", 5)
        await reading
        return held, (await stage.ended()).gates[0].by

    assert played(story) == (True, "left")


def test_a_whole_answer_is_held_too():
    async def story(stage: Stage) -> Any:
        await stage.script(hold="last-token")
        asking = asyncio.ensure_future(stage.ask(stream=False))
        held = await stage.witness.held("t", 5)
        await stage.witness.release("t", "met")
        return held, (await asking).json()["choices"][0]["finish_reason"]

    assert played(story) == (True, "stop")


def test_a_gate_that_nobody_opens_opens_at_its_deadline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(performing, "HOLD_DEADLINE", 0.01)

    async def story(stage: Stage) -> Any:
        await stage.script(hold="done")
        await stage.ask()
        return (await stage.call()).gates[0].by

    assert played(story) == "deadline"


@pytest.mark.parametrize("script", [{"hold": "token-2"}, {"stall_after": 1}, {"every": "60s"}])
def test_a_target_that_leaves_is_seen_at_once(script: dict[str, Any]):
    async def story(stage: Stage) -> Any:
        await stage.script(answer=list("abc"), **script)
        await stage.read_until(lambda body: text(body) == "a")
        return (await stage.ended()).outcome

    assert played(story) == "left"


def test_a_target_that_leaves_in_the_middle_of_a_large_answer_is_seen():
    async def story(stage: Stage) -> Any:
        await stage.script(answer={"essay": 50_000_000})
        await stage.read_until(lambda body: len(body) > 100_000)
        return (await stage.ended()).outcome

    assert played(story) == "left"


def test_a_stall_ends_when_the_target_has_waited_long_enough(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(performing, "STALL_DEADLINE", 0.01)

    async def story(stage: Stage) -> Any:
        await stage.script(stall_after=1)
        try:
            await stage.ask()
        except httpx.TransportError:
            return (await stage.call()).outcome

    assert played(story) == "stalled"


def test_a_target_that_closes_after_the_finish_has_the_answer():
    async def story(stage: Stage) -> Any:
        await stage.script(hold="done")
        await stage.read_until(lambda body: b'"finish_reason":"stop"' in body)
        return (await stage.ended()).outcome

    assert played(story) == "answered"


def test_the_recorded_prompt_is_what_was_sent():
    sent: list[dict[str, Any]] = [
        {"role": "system", "content": "Be kind.\u2028\r\n"},
        {"role": "user", "content": [{"type": "text", "text": "Hi "}, {"type": "text", "text": "k7"}], "ts": 1},
    ]

    async def story(stage: Stage) -> Any:
        await stage.script()
        await stage.ask(messages=sent)
        call = await stage.call()
        return call.messages, call.extra, call.model, call.stream, call.matched

    system, user = Message(role="system", text=text_of("Be kind.\u2028\r\n")), Message(role="user", text=text_of(SAY))
    assert played(story) == ([system, user], ["ts"], "m", True, "text")


def test_an_essay_arrives_whole():
    async def story(stage: Stage) -> Any:
        await stage.script(answer={"essay": 1_048_577})
        return text((await stage.ask()).content)

    assert played(story) == essay(1_048_577, 0, 1_048_577)


def test_a_hundred_calls_at_once_each_find_their_turn():
    async def story(stage: Stage) -> Any:
        for number in range(100):
            await stage.witness.register(Turn(f"t{number}", f"say {number}", script=Script(hold="last-token")))
        asking = [
            asyncio.ensure_future(stage.ask(messages=[{"role": "user", "content": f"say {number}"}]))
            for number in range(100)
        ]
        held = await asyncio.gather(*(stage.witness.held(f"t{number}", 10) for number in range(100)))
        for number in range(100):
            await stage.witness.release(f"t{number}", "met")
        answers = [text(answer.content) for answer in await asyncio.gather(*asking)]
        return all(held), answers

    assert played(story) == (True, [f'Message 1: I read "say {number}".' for number in range(100)])


async def raw(stage: Stage, sent: bytes) -> bytes:
    """
    What comes back for some bytes, until the server closes.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", int(stage.witness.url.rpartition(":")[2]))
    writer.write(sent)
    try:
        return await reader.read()
    finally:
        writer.close()


def wire_bytes(request: httpx.Request) -> bytes:
    lines = [f"POST {request.url.raw_path.decode()} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + request.content


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"505"),
        (b"POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n" + b"x" * 5_000_000, b"413"),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 200_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_nonsense_is_answered_and_the_connection_closed(sent: bytes, status: bytes):
    async def story(stage: Stage) -> Any:
        return (await raw(stage, sent)).split(b" ")[1]

    assert played(story) == status


def test_a_call_that_is_no_json_is_counted_and_refused():
    async def story(stage: Stage) -> Any:
        answer = await stage.client.post("/v1/chat/completions", content=b"{")
        state = await stage.witness.state()
        return answer.status_code, answer.json()["error"]["type"], state.calls_seen, state.unattributed

    assert played(story) == (400, "invalid_request_error", 1, 1)


def test_stopping_ends_what_is_held():
    async def story() -> Any:
        async with Upstream() as upstream, httpx.AsyncClient(base_url=upstream.url, trust_env=False) as client:
            stage = Stage(upstream.witness, client)
            await stage.script(hold="headers")
            asking = asyncio.ensure_future(stage.ask())
            await upstream.witness.held("t", 5)
            await upstream.stop()
            [result] = await asyncio.gather(asking, return_exceptions=True)
            return isinstance(result, httpx.TransportError), (await stage.call()).ended_at is not None

    assert asyncio.run(story()) == (True, True)
