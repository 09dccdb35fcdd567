"""
The output items of a streamed response: every delta belongs to an item and a part that were added, and is part of the
whole that their `done` and the response at its end give.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final

from conformance.text.jsonreader import inner, listed, short
from conformance.text.said import Said

MOST_ITEMS: Final = 1024  # answers have a handful; a hostile stream adds one per event


class Items:
    """
    Takes the events of items, each an object that has its keys, and yields what is wrong with it.
    """

    def __init__(self) -> None:
        self._added: dict[int, object] = {}  # item ids by output index
        self._ended: set[int] = set()
        self._texts = Said()
        self._arguments = Said()
        self._open: set[Hashable] = set()  # parts with text that are not done

    def add(self, value: Mapping[str, Any]) -> Iterator[str]:
        index = value["output_index"]
        if index in self._added:
            yield f"a second item with the output_index {short(index)}"
        elif len(self._added) >= MOST_ITEMS:
            yield f"more than {MOST_ITEMS} output items"
        else:
            self._added[index] = value["item"].get("id")

    def end(self, value: Mapping[str, Any]) -> Iterator[str]:
        """
        `response.output_item.done`, with the whole item.
        """
        index, item = value["output_index"], value["item"]
        if index not in self._added:
            yield f"the end of output item {short(index)}, which was not added,"
        elif item.get("id") != self._added[index]:
            yield f"the item's id changed from {short(self._added[index])} to {short(item.get('id'))}"
        if index in self._ended:
            yield f"output item {short(index)} ended twice"
        elif index in self._added:
            self._ended.add(index)
        yield from self._whole(index, item, "response.output_item.done")

    def add_part(self, value: Mapping[str, Any]) -> Iterator[str]:
        yield from self._unknown_item(value, "a content part")
        if inner(value, "part", "type") != "output_text":
            return
        if _key(value) in self._texts:
            yield f"a second content part {short(value['content_index'])}"
        elif self._texts.add(_key(value), ""):
            self._open.add(_key(value))

    def add_text(self, value: Mapping[str, Any]) -> Iterator[str]:
        yield from self._unknown_item(value, "a delta")
        key = _key(value)
        if key not in self._texts:
            yield "a delta of a content part that was not added"
        elif key not in self._open:
            yield "a delta after its response.output_text.done"
        if not self._texts.add(key, value["delta"]):
            yield "too many content parts to compare"

    def end_text(self, value: Mapping[str, Any]) -> Iterator[str]:
        yield from self._unknown_item(value, "an end of text")
        self._open.discard(_key(value))
        if difference := self._texts.differs(_key(value), value["text"]):
            yield f"the text of response.output_text.done is {difference}"

    def add_arguments(self, value: Mapping[str, Any]) -> Iterator[str]:
        yield from self._unknown_item(value, "a delta of arguments")
        if not self._arguments.add(value["output_index"], value["delta"]):
            yield "too many function calls to compare"

    def end_arguments(self, value: Mapping[str, Any]) -> Iterator[str]:
        yield from self._unknown_item(value, "an end of arguments")
        if difference := self._arguments.differs(value["output_index"], value["arguments"]):
            yield f"the arguments of response.function_call_arguments.done are {difference}"

    def compare(self, response: Mapping[str, Any]) -> Iterator[str]:
        """
        The response at its end, against all that was streamed.
        """
        status = f"response.{response.get('status')}"
        left = self._texts.nonempty()
        for index, item in enumerate(listed(response.get("output"))):
            yield from self._whole(index, item, status)
            left -= {(index, place) for place in range(len(listed(inner(item, "content"))))}
        if left:
            yield f"{status} leaves out a text that was streamed"
        if status == "response.completed":
            yield from self._unended()

    def _whole(self, index: int, item: Mapping[str, Any] | None, where: str) -> Iterator[str]:
        for place, part in enumerate(listed(inner(item, "content"))):
            text = inner(part, "text")
            if inner(part, "type") != "output_text" or not isinstance(text, str):
                continue
            if difference := self._texts.differs((index, place), text):
                yield f"the text of {where} is {difference}"

    def _unended(self) -> Iterator[str]:
        if self._open:
            yield "a text without its response.output_text.done"
        if self._added.keys() - self._ended:
            yield "an item without its response.output_item.done"

    def _unknown_item(self, value: Mapping[str, Any], what: str) -> Iterator[str]:
        if self._added.get(value["output_index"]) != value["item_id"]:
            yield f"{what} of item {short(value['item_id'])}, which was not added,"


def _key(value: Mapping[str, Any]) -> tuple[int, int]:
    return value["output_index"], value["content_index"]
