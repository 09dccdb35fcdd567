"""
A second server that keeps threads, written from docs/contract.md and docs/dialects.md, and from nothing else.

It is there so that the habits of the reference server do not become the contract: another stack (aiohttp and the
sqlite3 of the standard library), another schema, other legal choices. It speaks two dialects, each below a path of its
own: `/anita` and `/completions`. `python server.py --db FILE --upstream URL` prints `ready URL`.
"""

from __future__ import annotations

import argparse
import asyncio
import codecs
import html
import json
import os
import re
import signal
import sqlite3
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote
from weakref import WeakValueDictionary

import aiohttp
from aiohttp import web

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS talk (
  talk_no INTEGER PRIMARY KEY AUTOINCREMENT, realm TEXT NOT NULL, handle TEXT NOT NULL, keeper TEXT NOT NULL,
  heading TEXT, briefing TEXT, labels TEXT NOT NULL, began_us INTEGER NOT NULL, stirred_us INTEGER NOT NULL,
  wiped INTEGER NOT NULL DEFAULT 0, UNIQUE (realm, handle));
CREATE TABLE IF NOT EXISTS utterance (
  no INTEGER PRIMARY KEY AUTOINCREMENT, talk_no INTEGER NOT NULL REFERENCES talk ON DELETE CASCADE,
  round INTEGER NOT NULL, tag TEXT, speaker TEXT NOT NULL, words TEXT NOT NULL, extras TEXT NOT NULL,
  said_us INTEGER NOT NULL, UNIQUE (talk_no, tag));
CREATE INDEX IF NOT EXISTS in_order ON utterance (talk_no, round, no);
"""
# A round is a question with its answer. A question that is answered late still has its answer right behind it.
TEACHER = {"role": "system", "content": "You teach. Be brief, and ask back."}
LONGEST = 256_000  # code points of a text in a request: what OpenAI's Assistants take


class Refused(Exception):
    """
    What the client is told instead of an answer.
    """

    def __init__(self, status: int, code: str, words: str, **headers: str) -> None:
        super().__init__(words)
        self.status, self.code, self.words = status, code, words
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Broken(Exception):
    """
    The model did not finish what it was asked for.
    """


@dataclass
class Reply:
    """
    What the model said: its text so far in parts, its calls of functions, why it stopped, and what it cost.
    """

    parts: list[str] = field(default_factory=list)
    calls: dict[int, Json] = field(default_factory=dict)
    why: str | None = None
    tokens: int = 0

    @property
    def words(self) -> str:
        return "".join(self.parts)

    @property
    def empty(self) -> bool:
        return not self.parts and not self.calls

    def add_calls(self, parts: list[Json]) -> None:
        for part in parts:
            blank = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
            call = self.calls.setdefault(part.get("index", len(self.calls)), blank)
            said = part.get("function") or {}
            call["id"] = part.get("id") or call["id"]
            call["function"]["name"] += said.get("name") or ""
            call["function"]["arguments"] += said.get("arguments") or ""

    def made_calls(self) -> list[Json]:
        return [self.calls[index] for index in sorted(self.calls)]


# --- the store ------------------------------------------------------------------------------------------------------


class Book:
    """
    Talks and utterances in SQLite. Each method is one transaction.
    """

    def __init__(self, file: str) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;" + SCHEMA
        )
        self._clock = 0

    def now(self) -> int:
        """
        Microseconds, later with each call: what was later stays later in the database.
        """
        self._clock = max(self._clock + 1, time.time_ns() // 1000)
        return self._clock

    def ask(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._db.execute(sql, values).fetchall()

    def find(self, realm: str, handle: str) -> sqlite3.Row | None:
        found = self.ask("SELECT * FROM talk WHERE realm = ? AND handle = ?", realm, handle)
        return found[0] if found else None

    def begin(self, realm: str, handle: str, keeper: str, **given: Any) -> sqlite3.Row:
        now = self.now()
        return self.ask(
            "INSERT INTO talk (realm, handle, keeper, heading, briefing, labels, began_us, stirred_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
            *(realm, handle, keeper, given.get("heading"), given.get("briefing")),
            *(json.dumps(given.get("labels") or {}), now, now),
        )[0]

    def spoken(self, talk: int) -> list[sqlite3.Row]:
        return self.ask("SELECT * FROM utterance WHERE talk_no = ? ORDER BY round, no", talk)

    def say(self, talk: sqlite3.Row, lines: list[Json], round_no: int | None = None) -> list[int]:
        """
        Adds lines at the talk's end, or to one of its rounds: all or none. Nothing, if it was deleted or cleared since.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            numbers = [*self._said(talk, lines, round_no)]
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return numbers

    def _said(self, talk: sqlite3.Row, lines: list[Json], round_no: int | None) -> Iterator[int]:
        number, wiped = talk["talk_no"], talk["wiped"]
        if not self.ask("SELECT 1 FROM talk WHERE talk_no = ? AND wiped = ?", number, wiped):
            return
        if round_no is None:
            round_no = self.ask("SELECT coalesce(max(round), 0) + 1 AS n FROM utterance WHERE talk_no = ?", number)[0][
                "n"
            ]
        for line in lines:
            extras = {key: value for key, value in line.items() if key not in ("tag", "role", "content")}
            yield self.ask(
                "INSERT INTO utterance (talk_no, round, tag, speaker, words, extras, said_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING no",
                *(number, round_no, line.get("tag"), line["role"], line.get("content") or ""),
                *(json.dumps(extras), self.now()),
            )[0]["no"]
        self.ask("UPDATE talk SET stirred_us = ? WHERE talk_no = ?", self.now(), number)


def as_prompt(lines: list[Json]) -> Iterator[Json]:
    """
    The lines as the model is told them: a call stands before all of its results, or is left out with them.
    """
    results = {line.get("tool_call_id"): line for line in lines if line["role"] == "tool"}
    for line in lines:
        calls = line.get("tool_calls") or []
        answered = all(call["id"] in results for call in calls)
        if line["role"] == "tool" or (calls and not answered and not line["content"]):
            continue
        kept = {"role": line["role"], "content": line["content"] or (None if calls else "")}
        if line.get("name"):
            kept["name"] = line["name"]
        yield {**kept, "tool_calls": calls} if calls and answered else kept
        for call in calls if answered else ():
            result = results[call["id"]]
            yield {"role": "tool", "tool_call_id": call["id"], "content": result["content"]}


def as_line(row: sqlite3.Row) -> Json:
    return {"role": row["speaker"], "content": row["words"], **json.loads(row["extras"])}


# --- the model ------------------------------------------------------------------------------------------------------


async def events(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """
    The data of each event of a stream, by the rules of the HTML standard.
    """
    decoder, rest, data = codecs.getincrementaldecoder("utf-8-sig")("replace"), "", []
    async for chunk in chunks:
        rest += decoder.decode(chunk)
        # A CR at the end may be half of a CRLF: it waits for what follows.
        while end := re.search(r"\r\n|\n|\r(?=[^\n])", rest):
            line, rest = rest[: end.start()], rest[end.end() :]
            if line.startswith("data"):
                name, _, value = line.partition(":")
                data += [value.removeprefix(" ")] if name == "data" else []
            elif not line and data:
                yield "\n".join(data)
                data = []
    if rest in ("\r", "") and data:
        yield "\n".join(data)


def whole(text: str, held: str) -> tuple[str, str]:
    """
    The text with its surrogates joined, and the half of a pair at its end that may be joined by what follows.
    """
    text = held + text
    held = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
    text = text.removesuffix(held) if held else text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), held


class Model:
    """
    A client of the chat completions of whoever serves the model.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url, self._well = url.rstrip("/"), False
        self._looks: set[asyncio.Task[None]] = set()
        # A connection of its own for each call: one that was kept might be closed just when it is used again.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=60),
            headers={"authorization": f"Bearer {key}"},
        )

    async def close(self) -> None:
        await self._http.close()

    async def well(self) -> bool:
        """
        Whether the model is there. One that was and is slow to say so counts as there until it has said so, or has not.
        """
        look = asyncio.create_task(self._look())
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)
        await asyncio.wait({look}, timeout=0.5 if self._well else None)
        return self._well

    async def _look(self) -> None:
        self._well = await self._answers()

    async def _answers(self) -> bool:
        try:
            async with self._http.get(self._url + "/models", timeout=aiohttp.ClientTimeout(total=5)) as answer:
                return answer.status < 500 and answer.status not in (401, 403)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def answer(self, request: Json, reply: Reply) -> AsyncIterator[Json]:
        """
        The deltas as they come; `reply` grows with them. Raises `Broken` where there is no whole answer.
        """
        try:
            async with self._http.post(self._url + "/chat/completions", json={**request, "stream": True}) as http:
                if http.status != 200:
                    raise Broken(f"status {http.status}")
                async for delta in self._deltas(http.content.iter_any(), reply):
                    yield delta
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise Broken(type(error).__name__) from error
        if not reply.why:
            raise Broken("no end")

    async def _deltas(self, chunks: AsyncIterator[bytes], reply: Reply) -> AsyncIterator[Json]:
        held = ""
        async for data in events(chunks):
            if data == "[DONE]":
                break
            said = json.loads(data)
            if "error" in said:
                raise Broken("error")
            reply.tokens = (said.get("usage") or {}).get("completion_tokens") or reply.tokens
            for choice in [one for one in said.get("choices") or [] if not one.get("index")]:
                delta = choice.get("delta") or {}
                text, held = whole(delta.get("content") or "", held)
                calls = delta.get("tool_calls") or []
                reply.parts += [text] if text else []
                reply.add_calls(calls)
                reply.why = choice.get("finish_reason") or reply.why
                if text or calls:
                    yield {**({"content": text} if text else {}), **({"tool_calls": calls} if calls else {})}
        if held:
            reply.parts.append("\ufffd")
            yield {"content": "\ufffd"}


# --- requests -------------------------------------------------------------------------------------------------------


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def invalid(words: str) -> Refused:
    return Refused(400, "invalid_request", words)


def no_number(word: str) -> Any:
    raise ValueError(word)


async def body_of(request: web.Request) -> Json:
    """
    The body, an object in JSON. Raises `Refused` for anything else, and for texts that cannot be stored.
    """
    if request.content_type != "application/json":
        raise invalid("The body must be JSON.")
    try:
        body = json.loads((await request.content.read()).decode(), parse_constant=no_number)
    except (ValueError, RecursionError):
        raise invalid("The body is no JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The body must be an object.")
    if any(re.search("[\0\ud800-\udfff]", text) for text in texts_in(body)):
        raise invalid("A text has U+0000 or half of a surrogate pair in it.")
    return body


def text_of(body: Mapping[str, Any], key: str, *, needed: bool = True) -> Any:
    value = body.get(key)
    if key not in body and not needed:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise invalid(f"{key} must be a text that is not blank, and of {LONGEST} characters at most.")
    return value


def name_of(value: Any, key: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 256 or not value.isprintable():
        raise invalid(f"{key} must be 1 to 256 printable characters.")
    return value


def object_of(body: Mapping[str, Any], key: str) -> Json | None:
    value = body.get(key)
    if key in body and not isinstance(value, dict):
        raise invalid(f"{key} must be an object.")
    return value


def in_words(microseconds: int) -> str:
    """
    With an offset from UTC that is not zero: the same moment as any other way to write it.
    """
    zone = timezone(timedelta(hours=2))
    return datetime.fromtimestamp(microseconds / 1_000_000, zone).isoformat(timespec="microseconds")


def heading_of(text: str) -> str:
    """
    A hundred characters of what a reader would see of a first message that is in C1's envelope.
    """
    plain = " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", text)).split())
    return (plain or text)[:100]


END = object()
Route = Callable[..., Awaitable[web.StreamResponse]]


class Dialect:
    """
    What both dialects have in common: the way from a path to a method, errors, health, and turns under way.
    """

    realm = ""
    routes: dict[tuple[str, ...], dict[str, str]] = {}

    def __init__(self, book: Book, model: Model) -> None:
        self.book, self.model = book, model
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(self, request: web.Request, segments: list[str]) -> web.StreamResponse:
        try:
            return await self._routed(request, segments)
        except Refused as refused:
            return web.json_response(self.error(refused), status=refused.status, headers=refused.headers)

    async def _routed(self, request: web.Request, segments: list[str]) -> web.StreamResponse:
        for pattern, methods in self.routes.items():
            if len(pattern) == len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=True)):
                if request.method not in methods:
                    raise Refused(405, "method_not_allowed", "No such method here.", Allow=", ".join(methods))
                names = [decoded(s) for p, s in zip(pattern, segments, strict=True) if p == "*"]
                route: Route = getattr(self, methods[request.method])
                return await route(request, *names)
        raise Refused(404, "not_found", "No such address.")

    def error(self, refused: Refused) -> Json:
        raise NotImplementedError

    async def health(self, _: web.Request) -> web.Response:
        services = {"database": "healthy", "llm_api": "healthy" if await self.model.well() else "unhealthy"}
        well = set(services.values()) == {"healthy"}
        said = {"status": "healthy" if well else "unhealthy", "timestamp": in_words(self.book.now())}
        return web.json_response({**said, "services": services}, status=200 if well else 503)

    async def send(self, request: web.Request, frames: AsyncIterator[bytes | None]) -> web.StreamResponse:
        """
        The frames, for as long as the client is there. None cuts the connection.
        """
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
        with suppress(ConnectionError):
            await response.prepare(request)
            async for frame in frames:
                if frame is None and request.transport is not None:
                    request.transport.close()
                await response.write(frame or b"")
            await response.write_eof()
        return response

    def under_way(self, turn: AsyncIterator[Any]) -> asyncio.Queue[Any]:
        """
        What the turn says, in a queue. It goes on to its end, whether anybody reads the queue or not.
        """
        queue: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.create_task(self._run(turn, queue))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return queue

    async def _run(self, turn: AsyncIterator[Any], queue: asyncio.Queue[Any]) -> None:
        try:
            async for piece in turn:
                queue.put_nowait(piece)
        except Refused as refused:
            queue.put_nowait(refused)
        except Exception as error:
            print(f"a turn failed: {error!r}", file=sys.stderr)
            queue.put_nowait(Refused(500, "internal_error", "Something went wrong."))
        queue.put_nowait(END)


def decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise invalid("The address is no UTF-8.") from None


# --- anita ----------------------------------------------------------------------------------------------------------


class Anita(Dialect):
    """
    Raw text; ids of the client's; a teacher in a header.
    """

    realm = "anita"
    routes = {
        ("chat",): {"POST": "chat"},
        ("threads",): {"GET": "list_threads", "POST": "create"},
        ("threads", "*"): {"GET": "get", "PATCH": "update", "DELETE": "delete"},
        ("threads", "*", "messages"): {"GET": "list_messages"},
        ("messages", "*"): {"PATCH": "edit"},
        ("health",): {"GET": "health"},
        ("metrics",): {"GET": "metrics"},
    }

    def __init__(self, book: Book, model: Model, limited: str) -> None:
        super().__init__(book, model)
        self.limited = limited
        self.asked: Counter[int] = Counter()
        self.turns, self.seconds, self.tokens = 0, 0.0, 0
        self.locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def error(self, refused: Refused) -> Json:
        return {"detail": refused.words, "code": refused.code}

    def who(self, request: web.Request) -> str:
        return request.headers.get("x-teacher-id", "")

    def mine(self, request: web.Request, handle: str) -> sqlite3.Row | None:
        talk = self.book.find(self.realm, handle)
        if talk is not None and talk["keeper"] != self.who(request):
            raise Refused(403, "forbidden", "This thread is somebody else's.")
        return talk

    def known(self, request: web.Request, handle: str) -> sqlite3.Row:
        talk = self.mine(request, handle)
        if talk is None:
            raise Refused(404, "thread_not_found", "There is no such thread.")
        return talk

    def shown(self, talk: sqlite3.Row) -> Json:
        return {
            "name": talk["handle"],
            "title": talk["heading"],
            "metadata": json.loads(talk["labels"]),
            "begun": in_words(talk["began_us"]),
            "active": in_words(talk["stirred_us"]),
        }

    async def list_threads(self, request: web.Request) -> web.Response:
        sql = "SELECT * FROM talk WHERE realm = ? AND keeper = ? ORDER BY stirred_us DESC"
        found = self.book.ask(sql, self.realm, self.who(request))
        return web.json_response({"threads": [self.shown(talk) for talk in found]})

    async def create(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        handle = name_of(body["id"], "id") if "id" in body else uuid.uuid4().hex
        heading, labels = text_of(body, "title", needed=False), object_of(body, "metadata")
        if self.mine(request, handle) is not None:
            raise Refused(409, "conflict", "There is such a thread already.")
        talk = self.book.begin(self.realm, handle, self.who(request), heading=heading, labels=labels)
        return web.json_response(self.shown(talk), status=201)

    async def get(self, request: web.Request, handle: str) -> web.Response:
        return web.json_response(self.shown(self.known(request, handle)))

    async def update(self, request: web.Request, handle: str) -> web.Response:
        body, talk = await body_of(request), self.known(request, handle)
        heading, labels = text_of(body, "title", needed=False), object_of(body, "metadata")
        self.book.ask(
            "UPDATE talk SET heading = coalesce(?, heading), labels = coalesce(?, labels) WHERE talk_no = ?",
            *(heading, None if labels is None else json.dumps(labels), talk["talk_no"]),
        )
        return web.json_response(self.shown(self.known(request, handle)))

    async def delete(self, request: web.Request, handle: str) -> web.Response:
        talk = self.mine(request, handle)
        if talk is not None:
            self.book.ask("DELETE FROM talk WHERE talk_no = ?", talk["talk_no"])
        return web.Response(status=204)

    def line(self, row: sqlite3.Row) -> Json:
        role = {"user": "human", "assistant": "ai"}[row["speaker"]]
        return {"id": row["tag"], "from": role, "said": row["words"], "at": in_words(row["said_us"])}

    async def list_messages(self, request: web.Request, handle: str) -> web.Response:
        rows = self.book.spoken(self.known(request, handle)["talk_no"])
        return web.json_response([self.line(row) for row in rows if row["words"]])

    async def edit(self, request: web.Request, tag: str) -> web.Response:
        words = text_of(await body_of(request), "content")
        sql = "SELECT u.* FROM utterance u JOIN talk t USING (talk_no) WHERE t.realm = ? AND t.keeper = ? AND u.tag = ?"
        found = self.book.ask(sql, self.realm, self.who(request), tag)
        if "thread" in request.query:
            talk = self.known(request, request.query["thread"])
            found = [row for row in found if row["talk_no"] == talk["talk_no"]]
        if len(found) != 1:
            raise Refused(404, "message_not_found", "There is no such message.")
        self.book.ask("UPDATE utterance SET words = ? WHERE no = ?", words, found[0]["no"])
        return web.json_response(self.line(self.book.ask("SELECT * FROM utterance WHERE no = ?", found[0]["no"])[0]))

    async def metrics(self, _: web.Request) -> web.Response:
        figures = {"lessons_total": self.turns, "lesson_seconds_sum": self.seconds, "lesson_tokens_total": self.tokens}
        return web.Response(text="".join(f"{name} {value}\n" for name, value in figures.items()))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request)
        prompt = object_of(body, "prompt") or {}
        question = {"role": prompt.get("role"), "content": text_of(prompt, "content")}
        handle = name_of(body.get("threadId"), "threadId")
        tag, answer_tag = name_of(prompt.get("id"), "prompt.id"), name_of(body.get("responseId"), "responseId")
        if question["role"] != "user" or tag == answer_tag:
            raise invalid("A prompt has the role user, and an id that is not its answer's.")
        self.mine(request, handle)
        self._within_the_limit(request)
        turn = self._turn(request, handle, {**question, "tag": tag}, answer_tag)
        return await self._streamed(request, self.under_way(turn))

    def _within_the_limit(self, request: web.Request) -> None:
        if not self.limited or self.who(request) != self.limited:
            return
        minute, second = divmod(int(time.time()), 60)
        self.asked[minute] += 1
        if self.asked[minute] > 3:
            raise Refused(429, "rate_limited", "Too many turns in this minute.", Retry_After=str(60 - second))

    async def _streamed(self, request: web.Request, queue: asyncio.Queue[Any]) -> web.StreamResponse:
        piece = await queue.get()
        if isinstance(piece, Refused):
            raise piece
        return await self.send(request, self._frames(piece, queue))

    async def _frames(self, piece: Any, queue: asyncio.Queue[Any]) -> AsyncIterator[bytes | None]:
        while piece is not END:
            # The framing has no word for a failure: the body stays without its end.
            yield None if isinstance(piece, Refused) else piece.encode()
            piece = await queue.get()

    async def _turn(self, request: web.Request, handle: str, question: Json, answer_tag: str) -> AsyncIterator[str]:
        begun = time.monotonic()
        self.turns += 1
        lock = self.locks.setdefault(handle, asyncio.Lock())
        try:
            async with lock:
                talk = self.mine(request, handle) or self.book.begin(self.realm, handle, self.who(request))
                async for text in self._answered(talk, question, answer_tag):
                    yield text
        finally:
            self.seconds += time.monotonic() - begun

    async def _answered(self, talk: sqlite3.Row, question: Json, answer_tag: str) -> AsyncIterator[str]:
        rows = self.book.spoken(talk["talk_no"])
        row = self._asked(talk, rows, question, answer_tag)
        behind = [one for one in rows if one["round"] == row["round"] and one["speaker"] == "assistant"]
        if behind:
            yield behind[0]["words"]
            return
        told = [as_line(one) for one in rows if one["round"] < row["round"]]
        asked = {"role": "user", "content": question["content"]}
        request = {"model": "gpt-4", "messages": [TEACHER, *as_prompt(told), asked]}
        request["stream_options"] = {"include_usage": True}
        reply = Reply()
        try:
            async for delta in self.model.answer(request, reply):
                if "content" in delta:
                    yield delta["content"]
        except Broken as broken:
            print(f"the model failed: {broken}", file=sys.stderr)
            raise Refused(502, "upstream_failed", "The model did not answer.") from None
        self.tokens += reply.tokens
        self._keep(talk, row, reply, answer_tag)

    def _asked(self, talk: sqlite3.Row, rows: list[sqlite3.Row], question: Json, answer_tag: str) -> sqlite3.Row:
        """
        The question's row, stored before if this turn was sent before.
        """
        tags = {row["tag"]: row for row in rows}
        old, answer = tags.get(question["tag"]), tags.get(answer_tag)
        if old is not None and (old["speaker"], old["words"]) != ("user", question["content"]):
            raise Refused(409, "conflict", "This id is another message's.")
        if answer is not None and (old is None or answer["round"] != old["round"]):
            raise Refused(409, "conflict", "This id is another message's.")
        if old is not None:
            return old
        if talk["heading"] is None:
            sql = "UPDATE talk SET heading = ? WHERE talk_no = ? AND heading IS NULL"
            self.book.ask(sql, heading_of(question["content"]), talk["talk_no"])
        [number] = self.book.say(talk, [question])
        return self.book.ask("SELECT * FROM utterance WHERE no = ?", number)[0]

    def _keep(self, talk: sqlite3.Row, question: sqlite3.Row, reply: Reply, tag: str) -> None:
        if reply.empty:
            return
        line: Json = {"role": "assistant", "content": reply.words, "tag": tag}
        if reply.calls:
            line["tool_calls"] = reply.made_calls()
        self.book.say(talk, [line], question["round"])


# --- completions ----------------------------------------------------------------------------------------------------


class Completions(Dialect):
    """
    OpenAI's chat completions, with the thread in the address. One turn at a time; a turn is stored when it is whole.
    """

    realm = "completions"
    routes = {
        ("v1", "threads"): {"POST": "create"},
        ("v1", "threads", "*", "chat", "completions"): {"POST": "chat"},
        ("v1", "threads", "*", "messages"): {"GET": "list_messages", "POST": "add", "DELETE": "clear"},
        ("v1", "models"): {"GET": "models"},
        ("health",): {"GET": "health"},
    }

    def __init__(self, book: Book, model: Model) -> None:
        super().__init__(book, model)
        self.busy: set[str] = set()

    def error(self, refused: Refused) -> Json:
        kind = "invalid_request_error" if refused.status < 500 else "server_error"
        return {"error": {"message": refused.words, "type": kind, "param": None, "code": refused.code}}

    async def models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "gpt-4", "object": "model", "owned_by": "us"}]})

    def known(self, handle: str) -> sqlite3.Row:
        talk = self.book.find(self.realm, handle)
        if talk is None:
            raise Refused(404, "thread_not_found", "There is no such thread.")
        return talk

    async def create(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        handle = name_of(body["id"], "id") if "id" in body else uuid.uuid4().hex
        briefing, labels = text_of(body, "system_message", needed=False), object_of(body, "metadata")
        if self.book.find(self.realm, handle) is not None:
            raise Refused(409, "thread_exists", "There is such a thread already.")
        talk = self.book.begin(self.realm, handle, "", briefing=briefing, labels=labels)
        shown = {"id": talk["handle"], "object": "thread", "created_at": talk["began_us"] // 1_000_000}
        return web.json_response({**shown, "metadata": json.loads(talk["labels"])})

    def shown(self, row: sqlite3.Row) -> Json:
        line = as_line(row)
        content = line.pop("content") or (None if line.get("tool_calls") else "")
        return {
            "id": row["no"],
            "object": "message",
            "created_at": row["said_us"] // 1_000_000,
            "content": content,
            **line,
        }

    async def list_messages(self, request: web.Request, handle: str) -> web.Response:
        """
        A page: fifty if not said, a hundred at most. What makes no sense in the query is passed over.
        """
        rows = self.book.spoken(self.known(handle)["talk_no"])
        asked = request.query.get("limit", "")
        limit = min(max(int(asked), 1), 100) if re.fullmatch(r"-?[0-9]{1,9}", asked) else 50
        rows = rows[::-1] if request.query.get("order") == "desc" else rows
        numbers = [str(row["no"]) for row in rows]
        after = request.query.get("after")
        begin = numbers.index(after) + 1 if after in numbers else 0
        page = [self.shown(row) for row in rows[begin : begin + limit]]
        return web.json_response({"entries": page, "page": {"further": begin + limit < len(rows)}})

    async def add(self, request: web.Request, handle: str) -> web.Response:
        line = self._line(await body_of(request), ("user", "assistant", "tool"))
        [number] = self.book.say(self._free(handle), [line])
        return web.json_response(self.shown(self.book.ask("SELECT * FROM utterance WHERE no = ?", number)[0]))

    async def clear(self, _: web.Request, handle: str) -> web.Response:
        number = self.known(handle)["talk_no"]
        self.book.ask("UPDATE talk SET wiped = wiped + 1 WHERE talk_no = ?", number)
        self.book.ask("DELETE FROM utterance WHERE talk_no = ?", number)
        return web.json_response({"object": "thread.cleared", "id": handle})

    def _line(self, said: Any, roles: tuple[str, ...]) -> Json:
        if not isinstance(said, dict) or said.get("role") not in roles:
            raise invalid("A message is an object with one of the roles " + ", ".join(roles) + ".")
        line: Json = {"role": said["role"]}
        if said.get("tool_calls") is not None:
            line["tool_calls"] = self._calls(said)
        line["content"] = "" if line.get("tool_calls") and said.get("content") is None else text_of(said, "content")
        if said["role"] == "tool":
            line["tool_call_id"] = text_of(said, "tool_call_id")
        if (name := text_of(said, "name", needed=False)) is not None:
            line["name"] = name
        if (metadata := object_of(said, "metadata")) is not None:
            line["metadata"] = metadata
        return line

    def _calls(self, said: Json) -> list[Json]:
        calls = said["tool_calls"]
        try:
            fine = said["role"] == "assistant" and all(
                isinstance(text, str)
                for call in calls
                for text in (call["id"], call["function"]["name"], call["function"]["arguments"])
            )
        except (TypeError, KeyError):
            fine = False
        if not fine or not isinstance(calls, list):
            raise invalid("tool_calls must be a list of calls of functions.")
        return calls

    async def chat(self, request: web.Request, handle: str) -> web.StreamResponse:
        body = await body_of(request)
        model, stream = text_of(body, "model", needed=False) or "gpt-4", body.get("stream", False)
        said = body.get("messages")
        if not isinstance(said, list) or not said or not isinstance(stream, bool):
            raise invalid("messages must be a list with a message in it, and stream a truth.")
        lines = [self._line(one, ("system", "user", "assistant", "tool")) for one in said]
        asked = {"model": model, **self._tools(body)}
        queue = self.under_way(self._turn(self._taken(handle), asked, lines))
        return await (self._streamed if stream else self._unstreamed)(request, queue, model)

    def _tools(self, body: Json) -> Json:
        tools = body.get("tools", [])
        if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
            raise invalid("tools must be a list of functions.")
        return {"tools": tools} if tools else {}

    def _free(self, handle: str) -> sqlite3.Row:
        """
        The talk, made if it was unknown. Raises `Refused` while there is a turn in it.
        """
        if name_of(handle, "The thread's id") in self.busy:
            raise Refused(409, "thread_busy", "An answer is under way in this thread.")
        return self.book.find(self.realm, handle) or self.book.begin(self.realm, handle, "")

    def _taken(self, handle: str) -> sqlite3.Row:
        talk = self._free(handle)
        self.busy.add(handle)
        return talk

    async def _turn(self, talk: sqlite3.Row, asked: Json, lines: list[Json]) -> AsyncIterator[Any]:
        try:
            system = [line for line in lines if line["role"] == "system"]
            new = [line for line in lines if line["role"] != "system"]
            if not system and talk["briefing"]:
                system = [{"role": "system", "content": talk["briefing"]}]
            told = [*map(as_line, self.book.spoken(talk["talk_no"])), *new]
            reply = Reply()
            async for delta in self._deltas({**asked, "messages": [*system, *as_prompt(told)]}, reply):
                yield delta
            if not reply.empty:
                calls = {"tool_calls": reply.made_calls()} if reply.calls else {}
                self.book.say(talk, [*new, {"role": "assistant", "content": reply.words, **calls}])
            yield reply
        finally:
            self.busy.discard(talk["handle"])

    async def _deltas(self, request: Json, reply: Reply) -> AsyncIterator[Json]:
        try:
            async for delta in self.model.answer(request, reply):
                if "\0" in delta.get("content", ""):
                    raise Refused(502, "upstream_failed", "The model said what cannot be stored.")
                yield delta
        except Broken as broken:
            print(f"the model failed: {broken}", file=sys.stderr)
            raise Refused(502, "upstream_failed", "The model did not answer.") from None

    def _chunk(self, head: Json, delta: Json, why: str | None = None) -> bytes:
        said = {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": why}]}
        return b"data: " + json.dumps(said, ensure_ascii=False).encode() + b"\n\n"

    async def _streamed(self, request: web.Request, queue: asyncio.Queue[Any], model: str) -> web.StreamResponse:
        head = {"id": f"c-{uuid.uuid4().hex}", "object": "chat.completion.chunk", "created": int(time.time())}
        return await self.send(request, self._frames(queue, {**head, "model": model}))

    async def _frames(self, queue: asyncio.Queue[Any], head: Json) -> AsyncIterator[bytes | None]:
        yield self._chunk(head, {"role": "assistant", "content": ""})
        while (piece := await queue.get()) is not END:
            if isinstance(piece, Refused):
                yield b"data: " + json.dumps(self.error(piece)).encode() + b"\n\n"
            elif isinstance(piece, Reply):
                yield self._chunk(head, {}, piece.why) + b"data: [DONE]\n\n"
            else:
                yield self._chunk(head, piece)

    async def _unstreamed(self, _: web.Request, queue: asyncio.Queue[Any], model: str) -> web.Response:
        while not isinstance(piece := await queue.get(), Reply):
            if isinstance(piece, Refused):
                raise piece
        calls = {"tool_calls": piece.made_calls()} if piece.calls else {}
        message = {"role": "assistant", "content": piece.words or (None if calls else ""), **calls}
        head = {"id": f"c-{uuid.uuid4().hex}", "object": "chat.completion", "created": int(time.time()), "model": model}
        return web.json_response({**head, "choices": [{"index": 0, "message": message, "finish_reason": piece.why}]})


# --- the process ----------------------------------------------------------------------------------------------------


def served(dialects: Mapping[str, Dialect]) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    async def answered(request: web.BaseRequest) -> web.StreamResponse:
        # The path as it was sent: decoded once, and after it was taken apart.
        _, first, *segments = request.raw_path.partition("?")[0].split("/")
        dialect = dialects.get(first, dialects["completions"])
        try:
            return await dialect.serve(request, segments)  # type: ignore[arg-type]
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            print(f"a request failed: {error!r}", file=sys.stderr)
            refused = Refused(500, "internal_error", "Something went wrong.")
            return web.json_response(dialect.error(refused), status=500)

    return answered


async def main(options: argparse.Namespace) -> None:
    book, model = Book(options.db), Model(options.upstream, os.environ.get("OPENAI_API_KEY", "none"))
    dialects = {"anita": Anita(book, model, options.limited), "completions": Completions(book, model)}
    runner = web.ServerRunner(web.Server(served(dialects), access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await stop.wait()
    # Turns under way are brought to their end; nobody can begin another.
    await site.stop()
    while tasks := {task for dialect in dialects.values() for task in dialect.tasks}:
        await asyncio.wait(tasks)
    await runner.cleanup()
    await model.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A second server that keeps threads.")
    parser.add_argument("--db", required=True, help="a file of SQLite")
    parser.add_argument("--upstream", required=True, help="the base URL of the model")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--limited", default="", help="the teacher who may begin three turns a minute")
    asyncio.run(main(parser.parse_args()))
