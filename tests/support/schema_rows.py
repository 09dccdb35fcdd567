"""
Made-up threads and messages, the same for every kind of store, and what the canonical queries must find in them.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from faker import Faker

from conformance.driver.stores import CanonicalRows, query
from conformance.model.profile import StoreMapping

SCHEMAS = Path(__file__).parents[2] / "fixtures" / "schemas"
SEED = 20260101
LANGUAGES = ("en_US", "ja_JP", "ar_AA", "de_DE")
CANARY = "k7_violet%42"
ODD_TEXTS = ("👩‍👩‍👧 e\u0301 \u202eשלום", "line\r\nline\u2028end ", "'; DROP TABLE threads; --", '{"a": "\\u0000"}')
NO_IDS = ("thread-a", "", "my-thread-123", "abc/def", "..", "__x__", "%", "9" * 40, "a\0", "\ud800", "é" * 800)
"""
Thread ids that no store here holds, and that some cannot even be asked for.
"""


@dataclass(frozen=True, slots=True)
class MadeThread:
    """
    One thread, by canonical names.
    """

    id: str
    title: str
    owner: str
    tenant: str
    archived: bool | None
    message_count: int
    metadata: Mapping[str, object]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MadeMessage:
    """
    One message, by canonical names. What only answers have is None in questions.
    """

    id: str
    thread_id: str | None
    role: str
    text: str
    created_at: datetime
    external_id: str
    metadata: Mapping[str, object]
    parent_id: str | None = None
    status: str | None = None
    model: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    name: str | None = None
    tool_calls: Sequence[Mapping[str, object]] | None = None
    tool_call_id: str | None = None

    @property
    def tenant(self) -> str:
        return "acme"

    @property
    def run(self) -> str | None:
        return self.id if self.role == "assistant" else None

    @property
    def parts(self) -> list[dict[str, object]]:
        half = len(self.text) // 2
        texts = [{"type": "text", "text": {"value": one}} for one in (self.text[:half], self.text[half:])]
        return [texts[0], {"type": "image_file", "image_file": {"file_id": "file-1"}}, texts[1]]


@dataclass(frozen=True, slots=True)
class Made:
    """
    All rows: of threads that are there, of one that is gone, and, where a schema allows it, of none.
    """

    threads: Sequence[MadeThread]
    messages: Sequence[MadeMessage]

    @property
    def ids(self) -> list[str]:
        return [*{one.thread_id: None for one in self.messages if one.thread_id}, *(one.id for one in self.threads)]

    def of(self, thread: str | None) -> list[MadeMessage]:
        return sorted(
            (one for one in self.messages if one.thread_id == thread), key=lambda one: (one.created_at, one.id)
        )


def make(*, without_thread: bool) -> Made:
    """
    The same rows for the same argument, on every machine.
    """
    return _Maker().made(without_thread)


class _Maker:
    """
    Fakers of several languages, each with its own seed: one Faker of several languages chooses among them unseeded.
    """

    def __init__(self) -> None:
        self._fakers = [Faker(language) for language in LANGUAGES]
        for number, faker in enumerate(self._fakers):
            faker.seed_instance(SEED + number)
        self._faker = self._fakers[0]

    def made(self, without_thread: bool) -> Made:
        threads = [self._thread(day) for day in range(6)]
        messages = [one for thread in threads for one in self._talk(thread.id, thread.created_at)]
        messages += self._talk(self._name(), threads[0].created_at)[:3]
        if without_thread:
            messages.append(replace(messages[0], id=self._name(), thread_id=None, text=f"lost {CANARY} lost"))
        self._faker.random.shuffle(messages)
        return Made(threads, messages)

    def _name(self) -> str:
        return str(self._faker.uuid4())

    def _thread(self, day: int) -> MadeThread:
        # The second and the third thread are of the same moment.
        at = datetime(2026, 1, 1 + (1 if day == 2 else day), 10, 30, tzinfo=UTC)
        archived = (False, True, None)[day % 3]
        metadata = {"tags": [self._faker.word(), None], "score": self._faker.random_int(), "at": {"ä": True}}
        title, owner = self._fakers[day % 4].sentence(), self._faker.user_name()
        return MadeThread(self._name(), title, owner, "acme", archived, day, metadata, at, at + timedelta(hours=1))

    def _talk(self, thread: str, at: datetime) -> list[MadeMessage]:
        """
        A few turns; a question and its answer carry one time, as rows of one transaction do.
        """
        talk: list[MadeMessage] = []
        for turn in range(self._faker.random_int(1, 5)):
            moment = at + timedelta(milliseconds=1 + 250 * turn)
            question = self._message(thread, "user", moment)
            talk += [question, self._answer(question, turn)]
        return [*talk, self._message(thread, "user", at + timedelta(seconds=9))]

    def _answer(self, question: MadeMessage, turn: int) -> MadeMessage:
        plain = self._message(str(question.thread_id), "assistant", question.created_at)
        return replace(
            plain,
            parent_id=question.id,
            status="completed",
            model="scripted",
            finish_reason="stop",
            prompt_tokens=10 * turn,
            completion_tokens=7,
            total_tokens=10 * turn + 7,
            tool_calls=[{"id": f"call-{turn}", "function": {"name": "clock", "arguments": '{"zone": "ä"}'}}],
        )

    def _message(self, thread: str, role: str, at: datetime) -> MadeMessage:
        number = self._faker.random_int(1, 10**9)
        text = f"{self._fakers[number % 4].text(max_nb_chars=200)} {self._faker.random_element(ODD_TEXTS)}"
        metadata = {"n": number, "deep": {"a.b c": [1, "é"]}}
        return MadeMessage(self._name(), thread, role, text, at, f"msg-{number}", metadata)


def mapping(name: str) -> StoreMapping:
    """
    The store mapping of a file beside the schemas.
    """
    return msgspec.yaml.decode((SCHEMAS / f"{name}.yaml").read_bytes(), type=StoreMapping)


def threads_by_time(made: Made) -> list[dict[str, object]]:
    return [{"id": one.id} for one in sorted(made.threads, key=lambda one: (one.created_at, one.id))]


def messages_in_order(made: Made) -> list[dict[str, object]]:
    return [{"id": one.id, "role": one.role, "text": one.text} for one in made.of(made.threads[0].id)]


def counts(made: Made) -> list[dict[str, object]]:
    return [{"thread_id": thread, "n": len(made.of(thread))} for thread in sorted(set(made.ids))]


def orphans(made: Made) -> list[dict[str, object]]:
    there = {one.id for one in made.threads}
    return [{"id": name} for name in sorted(one.id for one in made.messages if one.thread_id not in there)]


def ties(made: Made) -> list[dict[str, object]]:
    """
    The first and the second message of every pair that has one time, in the order of their ids.
    """
    return [
        {"first": first.id, "second": second.id}
        for thread in sorted({one.id for one in made.threads})
        for first, second in itertools.pairwise(made.of(thread))
        if first.created_at == second.created_at
    ]


TIES = """
SELECT a.id AS first, b.id AS second FROM messages AS a JOIN threads AS t ON t.id = a.thread_id
JOIN messages AS b ON b.thread_id = a.thread_id AND b.created_at = a.created_at AND b.position > a.position
ORDER BY a.thread_id, a.position
"""

QUERIES: Mapping[str, tuple[str, Callable[[Made], list[dict[str, object]]]]] = {
    "threads": ("SELECT id FROM threads ORDER BY created_at, id", threads_by_time),
    "messages": ("SELECT id, role, text FROM messages WHERE thread_id = :p0 ORDER BY position", messages_in_order),
    "counts": (
        "SELECT thread_id, count(*) AS n FROM messages WHERE thread_id IS NOT NULL GROUP BY 1 ORDER BY 1",
        counts,
    ),
    "orphans": (
        "SELECT m.id FROM messages AS m LEFT JOIN threads AS t ON t.id = m.thread_id WHERE t.id IS NULL ORDER BY m.id",
        orphans,
    ),
    "ties": (
        TIES,
        ties,
    ),
}
"""
What one asks a thread store, and the answer by the rows that were made.
"""


def asked(rows: CanonicalRows, made: Made, name: str) -> list[dict[str, object]]:
    sql = QUERIES[name][0]
    return query(rows, sql, {"p0": made.threads[0].id} if ":p0" in sql else {})


def expected(made: Made, name: str) -> list[dict[str, object]]:
    return QUERIES[name][1](made)


def whole(rows: CanonicalRows, table: str) -> list[dict[str, object]]:
    """
    Every column of a canonical table, by id, with JSON read: its keys have no order.
    """
    found = query(rows, f"SELECT * FROM {table} ORDER BY id", {})
    return [{column: _read(column, value) for column, value in row.items() if column != "position"} for row in found]


def whole_expected(made: Made, table: str, columns: Sequence[str]) -> list[dict[str, object]]:
    made_rows = made.threads if table == "threads" else made.messages
    return [
        {column: _canonical(getattr(row, column), column) for column in columns if column != "position"}
        for row in sorted(made_rows, key=lambda row: row.id)
    ]


def _read(column: str, value: object) -> object:
    return json.loads(value) if column in ("metadata", "tool_calls") and isinstance(value, str) else value


def _canonical(value: object, column: str) -> object:
    if column == "archived":
        return int(bool(value))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value
