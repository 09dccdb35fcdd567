"""
A response as it is streamed: named, numbered events. There is no `[DONE]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reference_server.core.answers import TEXT, parts_of
from reference_server.core.responding import part_id
from reference_server.core.upstream import Piece
from reference_server.dialects.conversations.items import text_part

__all__ = ["Writer"]


class Writer:
    """
    Writes the events of one response. An item is added with the first piece of it; all are done at the end.
    """

    def __init__(self, response_id: str) -> None:
        self.response_id = response_id
        self._number = 0
        self._places: dict[int, int] = {}  # output indexes of the parts that began

    def event(self, kind: str, **keys: Any) -> bytes:
        value = {"type": kind, "sequence_number": self.next_number(), **keys}
        return f"event: {kind}\ndata: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()

    def next_number(self) -> int:
        self._number += 1
        return self._number - 1

    def begin(self, response: Mapping[str, Any]) -> Iterator[bytes]:
        yield self.event("response.created", response=response)
        yield self.event("response.in_progress", response=response)

    def piece(self, piece: Piece) -> Iterator[bytes]:
        if piece.text:
            if TEXT not in self._places:
                yield from self.add_message()
            yield self.event("response.output_text.delta", **self.part(TEXT), delta=piece.text, logprobs=[])
        for index, fragment in zip(parts_of(Piece(tool_calls=piece.tool_calls)), piece.tool_calls, strict=True):
            if index not in self._places:
                yield self.add_call(index, fragment)
            if arguments := (fragment.get("function") or {}).get("arguments"):
                yield self.event("response.function_call_arguments.delta", **self.place(index), delta=arguments)

    def add_message(self) -> Iterator[bytes]:
        item = {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
        yield self.add(TEXT, item)
        yield self.event("response.content_part.added", **self.part(TEXT), part=text_part("assistant", ""))

    def add_call(self, index: int, fragment: Mapping[str, Any]) -> bytes:
        name = (fragment.get("function") or {}).get("name") or ""
        called = {"call_id": fragment.get("id") or "", "name": name, "arguments": ""}
        return self.add(index, {"type": "function_call", "status": "in_progress", **called})

    def add(self, part: int, item: dict[str, Any]) -> bytes:
        place = self._places[part] = len(self._places)
        named = {"id": part_id(self.response_id, part), **item}
        return self.event("response.output_item.added", output_index=place, item=named)

    def place(self, part: int) -> dict[str, Any]:
        return {"item_id": part_id(self.response_id, part), "output_index": self._places[part]}

    def part(self, part: int) -> dict[str, Any]:
        return {**self.place(part), "content_index": 0}

    def end(self, response: Mapping[str, Any]) -> Iterator[bytes]:
        """
        All items as they were stored, then the whole.
        """
        for place, item in enumerate(response["output"]):
            yield from self.end_item(place, item)
        yield self.event(f"response.{response['status']}", response=response)

    def end_item(self, place: int, item: Mapping[str, Any]) -> Iterator[bytes]:
        at = {"item_id": item["id"], "output_index": place}
        if item["type"] == "message":
            for index, part in enumerate(item["content"]):
                here = {**at, "content_index": index}
                yield self.event("response.output_text.done", **here, text=part["text"], logprobs=[])
                yield self.event("response.content_part.done", **here, part=part)
        else:
            whole = {"arguments": item["arguments"], "name": item["name"]}
            yield self.event("response.function_call_arguments.done", **at, **whole)
        yield self.event("response.output_item.done", output_index=place, item=item)
