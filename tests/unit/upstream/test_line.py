"""
A connection from a target: how the parts of an answer leave.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from conformance.upstream import line as module
from conformance.upstream.acts import Head
from conformance.upstream.line import Line


class Writer:
    """
    Keeps what is written, and has nothing to wait for.
    """

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.parts.append(data)

    async def drain(self) -> None:
        pass


async def sent(*answers: bytes) -> list[list[bytes]]:
    writer: Any = Writer()
    line = Line(asyncio.StreamReader(), writer, asyncio.get_running_loop().create_future())
    found = []
    for data in answers:
        line.head(Head(200, size=len(data)))
        writer.parts.clear()
        await line.send(data, each_byte=True)
        found.append([*writer.parts])
    return found


def test_bytes_leave_one_by_one():
    assert asyncio.run(sent(b"abc")) == [[b"a", b"b", b"c"]]


def test_where_the_loop_is_too_late_for_that_the_rest_leaves_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "APART", 1e-9)  # one time round the loop takes longer

    assert asyncio.run(sent(b"abcdef", b"ghi")) == [[b"a", b"bcdef"], [b"g", b"hi"]]
