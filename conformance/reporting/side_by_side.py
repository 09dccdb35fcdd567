"""
The witnesses side by side: one row per message, and where its text is not the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from conformance.model.text import Text
from conformance.model.transcript import Witness
from conformance.reporting.shorten import Marked, kept, marked, shortened
from conformance.reporting.witnesses import Said, Sight
from conformance.text.hints import common_prefix

__all__ = ["Cell", "Comparison", "Row", "compare"]

ROWS: Final = 24  # messages shown of a thread; the rest is counted
TEXT: Final = 240  # code points of a text that is the same everywhere
BYTES: Final = 8  # of a difference, as numbers: enough for the longest character and its neighbour

NOTHING: Final = Marked("")

State = Literal["same", "differs", "missing", "later", "absent"]


@dataclass(frozen=True, slots=True)
class Cell:
    """
    One message in one witness. `missing`: it was said before this witness was asked, and is not there; `later`: it was
    said afterwards; `absent`: only another witness has it. `bytes` says where the difference begins and with what.
    """

    state: State
    text: Marked = NOTHING
    length: int = 0
    bytes: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """
    One message, with a cell per witness.
    """

    role: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    One thread. `steps` says in which step each witness was asked, `more` how many rows are not shown.
    """

    thread: str
    witnesses: tuple[Witness, ...]
    steps: tuple[str, ...]
    rows: tuple[Row, ...]
    more: int = 0


Line = dict[Witness, Said]


def compare(thread: str, sights: Sequence[Sight]) -> Comparison:
    lines: list[Line] = []
    for sight in sights:
        lines = list(_merged(lines, sight))
    return Comparison(
        thread=thread,
        witnesses=tuple(sight.witness for sight in sights),
        steps=tuple(sight.step for sight in sights),
        rows=tuple(_row(line, sights) for line in lines[:ROWS]),
        more=max(len(lines) - ROWS, 0),
    )


def _merged(lines: list[Line], sight: Sight) -> Iterator[Line]:
    """
    The lines with one more witness: equal messages meet, then those of the same role in the same place.
    """
    known = [_key(next(iter(line.values()))) for line in lines]
    found = [_key(message) for message in sight.messages]
    for tag, start, stop, first, last in SequenceMatcher(None, known, found, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs = zip(lines[start:stop], sight.messages[first:last], strict=True)
            yield from ({**line, sight.witness: message} for line, message in pairs)
        else:
            yield from _paired(lines[start:stop], sight.messages[first:last], sight.witness)


def _paired(lines: list[Line], messages: list[Said], witness: Witness) -> Iterator[Line]:
    waiting = list(messages)
    for line in lines:
        role = next(iter(line.values())).role
        if any(message.role == role for message in waiting):
            while waiting[0].role != role:
                yield {witness: waiting.pop(0)}
            yield {**line, witness: waiting.pop(0)}
        else:
            yield line
    yield from ({witness: message} for message in waiting)


def _key(message: Said) -> tuple[str, str]:
    return message.role, message.text.sha256


def _row(line: Line, sights: Sequence[Sight]) -> Row:
    return Row(next(iter(line.values())).role, tuple(_cell(line, sight) for sight in sights))


def _cell(line: Line, sight: Sight) -> Cell:
    message = line.get(sight.witness)
    if message is None:
        return Cell(_why_not(line, sight))
    other = next((one for one in line.values() if one.text.sha256 != message.text.sha256), None)
    if other is None:
        return Cell("same", Marked(shortened(kept(message.text), TEXT)), message.text.length)
    difference = marked(kept(message.text), kept(other.text))
    return Cell("differs", difference, message.text.length, _bytes(message.text, other.text))


def _bytes(text: Text, other: Text) -> str:
    """
    What tells apart two texts that look the same. Nothing where the difference begins in what was not kept.
    """
    mine, others = kept(text), kept(other)
    start = common_prefix(mine, others)
    if any(one.whole is None and start >= len(one.head) for one in (text, other)):
        return ""
    stop = max(start, len(mine) - common_prefix(mine[start:][::-1], others[start:][::-1]))
    found = mine[start : min(stop, start + BYTES)].encode("utf-8", "surrogatepass")
    more = " ..." if len(found) > BYTES or stop - start > BYTES else ""
    at = len(mine[:start].encode("utf-8", "surrogatepass"))
    return f"byte {at:,}: {found[:BYTES].hex(' ') + more if found else 'nothing'}"


def _why_not(line: Line, sight: Sight) -> State:
    said = line.get("wire")
    if said is None or sight.witness == "wire":
        return "absent"
    return "later" if said.order > sight.until else "missing"
