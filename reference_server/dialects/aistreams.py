"""
The two streams of Vercel's AI SDK: the data stream of its version 4, the UI message stream of the versions after it.

Failures are masked: what went wrong behind the server is not the client's to know.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from reference_server.core.errors import CoreError
from reference_server.core.turns import Ended, Running
from reference_server.core.upstream import Piece

__all__ = ["MASKED", "DataStream", "Heading", "UiStream"]

MASKED: Final = "An error occurred."
REASONS: Final = {"content_filter": "content-filter", "tool_calls": "tool-calls", "function_call": "tool-calls"}


@dataclass(frozen=True, slots=True)
class Heading:
    """
    What a client must know of an answer besides its text: where it belongs, and its id.
    """

    conversation: str
    message: str
    model: str


class AiStream:
    """
    What both have in common. One object writes one answer.
    """

    media_type: ClassVar[str]
    headers: ClassVar[Mapping[str, str]]

    def __init__(self, heading: Heading) -> None:
        self.heading = heading
        self.calls: dict[int, str] = {}  # ids of the tool calls that have begun, by their index

    async def chunks(self, running: Running) -> AsyncIterator[bytes]:
        """
        The body of a streamed answer.
        """
        yield b"".join(self.opening())
        async for event in running.events():
            if written := b"".join(self.event(event)):
                yield written

    def event(self, event: Piece | Ended | CoreError) -> Iterator[bytes]:
        if isinstance(event, CoreError):
            yield from self.broken(event)
        elif isinstance(event, Ended):
            yield from self.ending(event)
        else:
            if event.text:
                yield from self.text(event.text)
            for fragment in event.tool_calls:
                yield from self.fragment(fragment)

    def fragment(self, fragment: dict[str, Any]) -> Iterator[bytes]:
        """
        A fragment of a tool call: the first of its index brings the id and the name.
        """
        index, function = int(fragment.get("index", 0)), fragment.get("function") or {}
        if fragment.get("id") and index not in self.calls:
            self.calls[index] = fragment["id"]
            yield from self.call_begins(fragment["id"], function.get("name") or "")
        if function.get("arguments") and index in self.calls:
            yield from self.call_goes_on(self.calls[index], function["arguments"])

    def whole_calls(self, ended: Ended) -> Iterator[tuple[str, str, Any]]:
        """
        Id, name and arguments of each call.
        """
        for call in (ended.message.tool_calls if ended.message else None) or ():
            yield call["id"], call["function"]["name"], self.arguments(call["function"]["arguments"])

    def arguments(self, text: str) -> Any:
        """
        Arguments as JSON; a model may have written what is none.
        """
        try:
            return json.loads(text or "{}")
        except ValueError:
            return {"invalid": text}

    def reason(self, ended: Ended) -> str:
        finish = ended.finish or "unknown"
        return REASONS.get(finish, finish)

    def count(self, ended: Ended, kind: str) -> int | None:
        """
        A number of tokens; one that nobody said is null.
        """
        count = (ended.usage or {}).get(kind)
        return count if isinstance(count, int) else None

    def masked(self, error: CoreError) -> str:  # noqa: ARG002 # what it is stays here
        return MASKED

    def opening(self) -> Iterator[bytes]:
        raise NotImplementedError

    def text(self, text: str) -> Iterator[bytes]:
        raise NotImplementedError

    def call_begins(self, call: str, name: str) -> Iterator[bytes]:
        raise NotImplementedError

    def call_goes_on(self, call: str, text: str) -> Iterator[bytes]:
        raise NotImplementedError

    def ending(self, ended: Ended) -> Iterator[bytes]:
        raise NotImplementedError

    def broken(self, error: CoreError) -> Iterator[bytes]:
        raise NotImplementedError

    def json(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class DataStream(AiStream):
    """
    Lines of a code, a colon and JSON; not server-sent events.
    """

    media_type = "text/plain; charset=utf-8"
    headers = {"x-vercel-ai-data-stream": "v1"}

    def opening(self) -> Iterator[bytes]:
        yield self.line("f", {"messageId": self.heading.message})
        yield self.line("2", [{"conversationId": self.heading.conversation}])

    def text(self, text: str) -> Iterator[bytes]:
        yield self.line("0", text)

    def call_begins(self, call: str, name: str) -> Iterator[bytes]:
        yield self.line("b", {"toolCallId": call, "toolName": name})

    def call_goes_on(self, call: str, text: str) -> Iterator[bytes]:
        yield self.line("c", {"toolCallId": call, "argsTextDelta": text})

    def ending(self, ended: Ended) -> Iterator[bytes]:
        for call, name, arguments in self.whole_calls(ended):
            yield self.line("9", {"toolCallId": call, "toolName": name, "args": arguments})
        yield from self.finish(self.reason(ended), self.usage(ended))

    def usage(self, ended: Ended) -> dict[str, int | None]:
        prompt, completion = self.count(ended, "prompt_tokens"), self.count(ended, "completion_tokens")
        return {"promptTokens": prompt, "completionTokens": completion}

    def finish(self, reason: str, usage: dict[str, int | None]) -> Iterator[bytes]:
        yield self.line("e", {"finishReason": reason, "usage": usage, "isContinued": False})
        yield self.line("d", {"finishReason": reason, "usage": usage})

    def broken(self, error: CoreError) -> Iterator[bytes]:
        yield self.line("3", self.masked(error))
        yield from self.finish("error", {"promptTokens": None, "completionTokens": None})

    def line(self, code: str, value: Any) -> bytes:
        return f"{code}:{self.json(value)}\n".encode()


class UiStream(AiStream):
    """
    Parts over server-sent events.
    """

    media_type = "text/event-stream"
    headers = {"x-vercel-ai-ui-message-stream": "v1"}

    def __init__(self, heading: Heading) -> None:
        super().__init__(heading)
        self.texts = 0
        self.talking = False

    def opening(self) -> Iterator[bytes]:
        yield self.part("start", messageId=self.heading.message)
        yield self.part("data-conversation", data={"id": self.heading.conversation})
        yield self.part("start-step")

    def text(self, text: str) -> Iterator[bytes]:
        if not self.talking:
            self.talking, self.texts = True, self.texts + 1
            yield self.part("text-start", id=str(self.texts))
        yield self.part("text-delta", id=str(self.texts), delta=text)

    def silence(self) -> Iterator[bytes]:
        """
        The end of a text, if there is one under way.
        """
        if self.talking:
            self.talking = False
            yield self.part("text-end", id=str(self.texts))

    def call_begins(self, call: str, name: str) -> Iterator[bytes]:
        yield from self.silence()
        yield self.part("tool-input-start", toolCallId=call, toolName=name)

    def call_goes_on(self, call: str, text: str) -> Iterator[bytes]:
        yield self.part("tool-input-delta", toolCallId=call, inputTextDelta=text)

    def ending(self, ended: Ended) -> Iterator[bytes]:
        yield from self.silence()
        for call, name, arguments in self.whole_calls(ended):
            yield self.part("tool-input-available", toolCallId=call, toolName=name, input=arguments)
        yield self.part("finish-step")
        yield self.part("finish", finishReason=self.reason(ended), messageMetadata=self.metadata(ended))
        yield self.done()

    def metadata(self, ended: Ended) -> dict[str, Any]:
        names = {"inputTokens": "prompt_tokens", "outputTokens": "completion_tokens", "totalTokens": "total_tokens"}
        usage = {name: self.count(ended, kind) for name, kind in names.items()}
        return {"model": self.heading.model, "usage": usage}

    def broken(self, error: CoreError) -> Iterator[bytes]:
        yield from self.silence()
        yield self.part("error", errorText=self.masked(error))
        yield self.part("finish-step")
        yield self.part("finish", finishReason="error")
        yield self.done()

    def part(self, kind: str, **values: Any) -> bytes:
        return f"data: {self.json({'type': kind, **values})}\n\n".encode()

    def done(self) -> bytes:
        return b"data: [DONE]\n\n"
