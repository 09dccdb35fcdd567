"""
The order of a reader and a writer: no copy is older than what was answered to a writer.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import reference_server.core.cache as cache_module
from reference_server.core.cache import Cache
from reference_server.core.records import Thread
from reference_server.defects.cache import Remembering

SUBJECT = ["thread:t"]


def thread(title: str) -> Thread:
    now = datetime.now(UTC)
    return Thread("t", title, False, None, {"a": 2**70}, now, now, owner="alice")


def reading(*titles: str) -> Callable[[], Awaitable[Thread]]:
    """
    A database in which the thread has these titles, one after the other.
    """
    left = iter(titles)

    async def read() -> Thread:
        return thread(next(left))

    return read


async def title(cache: Cache, read: Callable[[], Awaitable[Thread]]) -> str | None:
    return (await cache.thread("t", read)).title


def test_the_second_look_is_at_the_copy():
    async def play() -> list[str | None]:
        cache, database = Remembering(), reading("one", "two")
        return [await title(cache, database), await title(cache, database)]

    assert asyncio.run(play()) == ["one", "one"]


def test_a_copy_is_the_same_thread():
    async def play() -> tuple[Thread, Thread]:
        cache, value = Remembering(), thread("whole")
        return await cache.thread("t", _giving(value)), await cache.thread("t", reading())

    first, second = asyncio.run(play())
    assert first == second


def _giving(value: Thread) -> Callable[[], Awaitable[Thread]]:
    async def read() -> Thread:
        return value

    return read


def test_a_write_makes_the_copy_void():
    async def play() -> list[str | None]:
        cache, database = Remembering(), reading("old", "new")
        before = await title(cache, database)
        cache.committed(SUBJECT)
        return [before, await title(cache, database)]

    assert asyncio.run(play()) == ["old", "new"]


def test_a_reader_that_was_slower_than_a_writer_leaves_nothing_stale():
    async def play() -> str | None:
        cache = Remembering()

        async def overtaken() -> Thread:
            read = thread("old")
            cache.committed(SUBJECT)
            return read

        await cache.thread("t", overtaken)
        return await title(cache, reading("new"))

    assert asyncio.run(play()) == "new"


def test_nothing_is_copied_while_somebody_writes():
    async def play() -> list[str | None]:
        cache, database = Remembering(), reading("old", "old", "old", "new")
        before = await title(cache, database)
        cache.stamp(SUBJECT, b"writing x", 30)
        while_writing = [await title(cache, database), await title(cache, database)]
        cache.committed(SUBJECT)
        return [before, *while_writing, await title(cache, database)]

    assert asyncio.run(play()) == ["old", "old", "old", "new"]


def test_a_copy_that_cannot_be_read_is_none():
    async def play() -> list[str | None]:
        cache, database = Remembering(), reading("one", "two")
        before = await title(cache, database)
        cache.memory.held["thread:t:thread"] += b"}"
        return [before, await title(cache, database)]

    assert asyncio.run(play()) == ["one", "two"]


def test_without_an_address_nothing_is_kept():
    async def play() -> list[str | None]:
        cache, database = Cache(), reading("one", "two")
        return [await title(cache, database), await title(cache, database)]

    assert asyncio.run(play()) == ["one", "two"]


def test_whoever_writes_a_thread_says_so():
    # Turns under way are no part of a copy; the others call one who says so: `take_places`, `change_thread`, ...
    silent = {"take_turn", "keep_turn", "end_turn", "append", "remove_thread", "marked", "removed", "recount"}
    found = {one.name for module in _modules() for one in _writers(module)}

    assert found - silent == set()


def _modules() -> list[ast.Module]:
    return [ast.parse(path.read_text()) for path in Path(cache_module.__file__).parent.glob("*.py")]


def _writers(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """
    Functions that insert, update or delete threads or messages and do not call `touch`.
    """
    for one in ast.walk(module):
        if isinstance(one, ast.FunctionDef):
            calls = [call for call in ast.walk(one) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)]
            written = [call for call in calls if call.func.id in ("insert", "update", "delete")]
            if any(_is_kept(call) for call in written) and "touch" not in [call.func.id for call in calls]:
                yield one


def _is_kept(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id in ("threads", "messages")
