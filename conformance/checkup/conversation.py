"""
The conversation that a check-up plays by the ordinary engine, and what its transcript shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from conformance.checks.prompts import has_system
from conformance.checkup.finding import Finding
from conformance.checkup.mapping import mismapped
from conformance.engine.reading import answer_text
from conformance.model.profile import Operation, Profile, Stream
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, Message, StepRecord, Transcript
from conformance.text.declaring import declared as declared_events
from conformance.text.declaring import in_one_line
from conformance.text.digest import text_of
from conformance.text.framing import DECLARED
from conformance.text.recognise import decoded, looks_like

__all__ = ["CONVERSATION", "conversed"]

_TABLES: Final = {
    "threads": "SELECT id FROM threads WHERE id = ${t}",
    "messages": "SELECT role, text FROM messages WHERE thread_id = ${t}",
}

GREETING: Final = "Hello"
SHOWN: Final = 100  # characters of a body
Clean = Callable[[str], str]

CONVERSATION: Final = msgspec.convert(
    {
        "id": "doctor",
        "title": "One turn, listed and stored",
        "steps": [
            {"chat": {"thread": "t", "say": f"{GREETING} ${{canary}}"}},
            {"list_messages": {"thread": "t"}, "expect": {"count": ">= 2"}},
            {"query": _TABLES["threads"]},
            {"query": _TABLES["messages"]},
        ],
    },
    Scenario,
)


def conversed(
    transcript: Transcript, profile: Profile, witnesses: frozenset[str], clean: Clean, *, db: bool = False
) -> Iterator[Finding]:
    """
    Everything that the transcript of `CONVERSATION` tells. Bodies are shown in part, so they are rid of secrets first:
    half of one would be known by nobody any more. `db`: a database was given, whether the profile maps it or not.
    """
    records = {record.index: record for record in transcript.records}
    turn = records.get("1")
    if turn is None or not turn.exchanges:
        yield _no_turn(transcript, clean)
        return
    answered = list(_turn(turn, profile, clean))
    yield from answered
    if any(one.state == "wrong" for one in answered):
        return
    said = f"{GREETING} {transcript.bindings['canary']}"
    yield from _list(records.get("2"), turn, profile, said, clean)
    yield from _store(records, said) if "store" in witnesses else [_no_store(profile, db)]
    yield from _upstream(turn, witnesses)
    yield from _system(turn, profile)


def _no_turn(transcript: Transcript, clean: Clean) -> Finding:
    """
    What a profile asks for before a turn, such as its thread, may have failed already.
    """
    asked = [exchange for record in transcript.records for exchange in record.exchanges]
    why = transcript.unsupported or transcript.prevented or transcript.trouble
    fix = "complete the profile" if why or not asked else f"correct `{asked[-1].operation}`"
    told = why or (_told(asked[-1], clean) if asked else "nothing was asked")
    return Finding(about="turn", state="wrong", said=f"none was asked for ({told})", fix=fix)


def _turn(record: StepRecord, profile: Profile, clean: Clean) -> Iterator[Finding]:
    exchange, declared = record.exchanges[-1], profile.operations["chat"]
    yield _credentials(exchange, profile, clean)
    if exchange.status not in declared.status:
        if exchange.status not in (401, 403):
            yield Finding(about="turn", state="wrong", said=_told(exchange, clean), fix=_way_out(exchange, declared))
        return
    text = answer_text(exchange, declared)
    framing = _framing(exchange, declared)
    if text is None or not text.length:
        said = f"{_told(exchange, clean)}, and no text can be read in it"
        yield Finding(about="turn", state="wrong", said=said, fix="see framing; correct `stream` or `text` of `chat`")
    else:
        asked = f"{exchange.request.method} {exchange.request.url}"
        yield Finding(about="turn", state="ok", said=f"{asked} answered with {text.length} characters")
    yield framing


def _credentials(exchange: Exchange, profile: Profile, clean: Clean) -> Finding:
    if exchange.status not in (401, 403):
        how = (
            f"header {profile.auth.header} as declared"
            if profile.auth
            else "none are declared, and none were asked for"
        )
        return Finding(about="credentials", state="ok", said=how)
    if profile.auth is None:
        fix = "declare `auth` and `principals` in the profile, or give --header 'authorization: Bearer ...'"
    else:
        first = (profile.principals or ["alice"])[0].upper()
        fix = f"set THREADGAUGE_TOKEN_{first}, or give --credentials FILE, or correct `auth`"
    return Finding(about="credentials", state="wrong", said=_told(exchange, clean), fix=fix)


def _way_out(exchange: Exchange, declared: Operation) -> str:
    status = exchange.status
    if status is None:
        return "see the server's log, or raise --timeout"
    if status in (404, 405):
        return "correct `request` of `chat`, and give the base URL without a route's path"
    if 300 <= status < 400:
        return "redirects are not followed; give the URL that it leads to"
    if status < 300:
        return f"add {status} to `status` of `chat`, which has {' '.join(map(str, declared.status))}"
    if status < 500:
        return "the body is not what the server wants: correct `json` of `chat`"
    return (
        "the server fails at a plain turn; see its log, and that it reaches its model. Where it has none, give "
        "--upstream HOST:PORT and set its model URL to http://HOST:PORT/v1"
    )


def _framing(exchange: Exchange, declared: Operation) -> Finding:
    body = exchange.body.whole if exchange.body is not None else None
    named = declared.stream.framing if declared.stream else "json"
    if body is None:
        return Finding(about="framing", state="not seen", said="the answer is empty, or too long to look at")
    seen = looks_like(body)
    if seen not in (None, named) and not _equal_enough(named, body, declared.stream):
        said = f"declared is {named}, but the bytes look like {seen}"
        return Finding(about="framing", state="wrong", said=said, fix=f"write `{_stream(seen, body)}` in `chat`")
    if declared.stream and declared.stream.events and exchange.end and exchange.end.problems:
        said = f"{named}, but {exchange.end.problems[0]}"
        fix = f"correct the server, or `events`; by these bytes `{_stream(named, body)}`"
        return Finding(about="framing", state="wrong", said=said, fix=fix)
    return _ending(exchange, declared, named)


def _stream(seen: str, body: str) -> str:
    """
    What the profile is to say of an answer that looks so.
    """
    if seen == "json":
        return "text: $.path.of.the.answer"
    known = declared_events(seen, body) if seen in DECLARED else {"framing": seen}
    return f"stream: {in_one_line(known)}" if known else f"stream: {{framing: {seen}, events: [...]}}"


def _equal_enough(named: str, body: str, stream: Stream | None) -> bool:
    """
    Raw text may look like anything, and is what it is declared to be, but where it is plainly full of events.
    """
    text, ending = decoded(named, body, stream)
    return named not in ("raw-text", "sse") and bool(text) and not ending.problems


def _ending(exchange: Exchange, declared: Operation, named: str) -> Finding:
    stream, end = declared.stream, exchange.end
    if stream is None or end is None:
        return Finding(about="framing", state="ok", said=f"{named}, as declared")
    if stream.terminal and end.terminal is None:
        said = f"{named}, but its end is not marked, as `terminal: true` promises"
        return Finding(about="framing", state="wrong", said=said, fix="write `terminal: false`, or mark the end")
    if not stream.terminal and end.terminal is not None:
        said = f"{named}, and its end is marked ({end.terminal})"
        return Finding(about="framing", state="undeclared", said=said, fix="write `terminal: true`")
    if end.problems:
        return Finding(about="framing", state="wrong", said=f"{named}, but {end.problems[0]}", fix="correct the server")
    return Finding(about="framing", state="ok", said=f"{named}, as declared")


def _list(record: StepRecord | None, turn: StepRecord, profile: Profile, said: str, clean: Clean) -> Iterator[Finding]:
    about = "list"
    if record is None or not record.exchanges:
        yield Finding(about=about, state="not seen", said="nothing was listed")
        return
    exchange = record.exchanges[-1]
    if exchange.status not in profile.operations["list_messages"].status:
        fix = "correct `request` or `status` of `list_messages`"
        yield Finding(about=about, state="wrong", said=_told(exchange, clean), fix=fix)
    else:
        told = answer_text(turn.exchanges[-1], profile.operations["chat"])
        exact = {one.about: one for one in mismapped(record, profile, said, told)}
        rough = _maps(record.messages, turn, profile, said) if record.messages else [_unlisted(record)]
        yield from (exact.get(one.about, one) for one in rough)


def _unlisted(record: StepRecord) -> Finding:
    fix = "correct `items` of `list_messages`, or raise `settle`"
    said = "the list of the thread is empty" if record.messages == [] else "there is no list at `items`"
    return Finding(about="list", state="wrong", said=said, fix=fix)


def _maps(messages: Sequence[Message], turn: StepRecord, profile: Profile, said: str) -> Iterator[Finding]:
    """
    Ids, roles, texts, order: each found by what is known of the turn.
    """
    declared = profile.operations["list_messages"].fields
    asked = text_of(said)
    told = answer_text(turn.exchanges[-1], profile.operations["chat"])
    question = next((one for one in messages if one.text == asked), None)
    answer = next((one for one in messages if told is not None and one.text == told and one is not question), None)
    yield _texts(question, answer)
    if question is not None:
        yield _roles(messages, question, answer)
    if question is not None and answer is not None and messages.index(answer) < messages.index(question):
        fix = "turn `order` of `list_messages` around"
        yield Finding(about="list order", state="wrong", said="the answer comes before its question", fix=fix)
    if "id" in declared:
        yield _ids([one.id for one in messages])
    else:
        fix = "add `id` to `fields` of `list_messages`, where messages have one"
        yield Finding(about="list ids", state="not seen", said="no path is declared", fix=fix)


def _texts(question: Message | None, answer: Message | None) -> Finding:
    if question is None:
        fix = "correct `fields.text` of `list_messages`"
        return Finding(about="list texts", state="wrong", said="the question is in no text of the list", fix=fix)
    if answer is None:
        fix = "raise `settle` if it comes later; else the server stores another text than it streams"
        return Finding(about="list texts", state="wrong", said="the question is there, the answer is not", fix=fix)
    return Finding(about="list texts", state="ok", said="question and answer are there, as they were said")


def _roles(messages: Sequence[Message], question: Message, answer: Message | None) -> Finding:
    other = answer.role if answer is not None else "assistant"
    if (question.role, other) == ("user", "assistant"):
        return Finding(about="list roles", state="ok", said="user and assistant")
    pairs = ((question.role, "user"), (other, "assistant"))
    wanted = ", ".join(f"{seen}: {role}" for seen, role in pairs if seen != role)
    if "None" in (question.role, other):
        return Finding(about="list roles", state="wrong", said="there is none", fix="correct `fields.role`")
    roles = ", ".join(dict.fromkeys(one.role for one in messages))
    return Finding(about="list roles", state="wrong", said=f"they are {roles}", fix=f"write `roles: {{{wanted}}}`")


def _ids(ids: Sequence[str | None]) -> Finding:
    if None in ids:
        fix = "correct `fields.id` of `list_messages`"
        return Finding(about="list ids", state="wrong", said="a message has none where it is declared", fix=fix)
    if len(set(ids)) < len(ids):
        return Finding(about="list ids", state="wrong", said="two messages have the same", fix="correct `fields.id`")
    return Finding(about="list ids", state="ok", said=f"{len(ids)}, all different")


def _no_store(profile: Profile, db: bool) -> Finding:
    about = "store"
    if db and profile.store is None:
        said = "the database is there, and the profile does not say how to read it"
        return Finding(about=about, state="not seen", said=said, fix="add `store`, two SELECTs, to the profile")
    fix = "give --db" if profile.store is not None else "add `store` to the profile, and give --db"
    return Finding(about=about, state="not seen", said="no database", fix=fix)


def _store(records: dict[str, StepRecord], said: str) -> Iterator[Finding]:
    for table, index in (("threads", "3"), ("messages", "4")):
        yield _table(table, records.get(index), said)


def _table(table: str, record: StepRecord | None, asked: str) -> Finding:
    about = f"store {table}"
    if record is None or record.rows is None:
        why = record.unseen[0].reason if record is not None and record.unseen else "it was not looked at"
        return Finding(about=about, state="wrong", said=why, fix=f"correct `store.{table}`, or --db")
    if not record.rows:
        fix = f"correct `store.{table}`, and see that --db is the target's own database"
        return Finding(about=about, state="wrong", said="no row of the turn that was just answered", fix=fix)
    if table == "messages" and not _row(record.rows, asked):
        fix = "map your roles to user and assistant, and `text` to the text"
        return Finding(about=about, state="wrong", said="no row of role user has the question as its text", fix=fix)
    count = len(record.rows)
    return Finding(about=about, state="ok", said=f"maps, and holds the turn ({count} row{'s' * (count > 1)})")


def _row(rows: Sequence[dict[str, Any]], asked: str) -> bool:
    return any((row.get("role"), row.get("text")) == ("user", asked) for row in rows)


def _upstream(turn: StepRecord, witnesses: frozenset[str]) -> Iterator[Finding]:
    about = "upstream"
    if "upstream" not in witnesses:
        fix = "point the target's model URL at a witness, and give --upstream HOST:PORT"
        yield Finding(about=about, state="not seen", said="no upstream witness", fix=fix)
    elif not turn.calls:
        fix = "set its model URL (often OPENAI_BASE_URL) to the witness, and restart it"
        yield Finding(about=about, state="wrong", said="the turn was answered without calling it", fix=fix)
    else:
        yield Finding(
            about=about, state="ok", said=f"called by the turn, with {len(turn.calls[-1].messages)} message(s)"
        )


def _system(turn: StepRecord, profile: Profile) -> Iterator[Finding]:
    """
    Whether the server puts a system message of its own into the prompt, for nobody sent one.
    """
    if not turn.calls:
        return
    about = "policy extra_system_prompt"
    seen = "yes" if has_system(turn.calls[-1]) else "no"
    said = f"the prompt has {'a' if seen == 'yes' else 'no'} system message of the server's own"
    declared = profile.policies.get("extra_system_prompt")
    fix = f'write `extra_system_prompt: "{seen}"` in `policies`'
    if declared is None:
        yield Finding(about=about, state="undeclared", said=said, fix=fix)
    elif declared != seen:
        yield Finding(about=about, state="wrong", said=f'{said}, declared is "{declared}"', fix=fix)
    else:
        yield Finding(about=about, state="ok", said=said)


def _told(exchange: Exchange, clean: Clean) -> str:
    asked = f"{exchange.request.method} {exchange.request.url}"
    if exchange.status is None:
        return f"{asked} was not answered ({exchange.trouble or exchange.ended})"
    start = clean(exchange.body.whole if exchange.body is not None and exchange.body.whole else "")[:SHOWN]
    return " ".join(f"{asked} answered {exchange.status} {start}".split())
