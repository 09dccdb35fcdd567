"""
The turn: which endpoint answers one, who names its thread, and how the answer comes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, Final

import msgspec

from conformance.checks.prompts import has_system
from conformance.drafting.asking import SHOWN, ask, body, succeeded, template_of, told
from conformance.drafting.draft import Asking, Failure, Sight
from conformance.drafting.failing import failure_of, way_out
from conformance.drafting.matching import alike, assistants, making_of, turns
from conformance.drafting.openapi import Endpoint
from conformance.drafting.requesting import has_choice, names_thread
from conformance.drafting.seeing import answer_path, id_path, thread_fields, thread_path
from conformance.drafting.words import IDENTITY, words
from conformance.engine.effects import Calls, Turn
from conformance.engine.requests import placeholders
from conformance.model.profile import RequestTemplate, Stream
from conformance.model.transcript import Exchange
from conformance.text.declaring import declared
from conformance.text.framing import DECLARED
from conformance.text.jsonpath import find
from conformance.text.recognise import decoded, looks_like

__all__ = ["find_turn", "is_ours", "path_of", "required", "settle_ids", "unstreamed"]

ENOUGH: Final = 8  # turns that the server failed at: two ways to ask, in each of four to name a thread
SLOW: Final = 4  # as many does one count for that was not answered in time
_UNSEEN: Final = "what its events mean. No error came: add the event that has one, `{name: error, error: $.message}`"


def find_turn(sight: Sight) -> Asking:
    """
    Try what may answer a turn, the likeliest first; whether one did.
    """
    if sight.draft.problems:
        return False
    failed: list[str] = []
    for endpoint in turns(sight.api, sight.place)[:6]:
        yield from _assistant_for(sight, endpoint)
        for stream, plain in _forms(endpoint):
            template = yield from template_of(sight, endpoint, "turn", stream=stream, plain=plain)
            if template is not None and (yield from _tried(sight, endpoint, template, failed)):
                return True
    if sight.failure is not None:
        sight.draft.problems.append(way_out(sight, sight.failure))
        return False
    tried = "; ".join(failed[:4]) or "no endpoint looks like one"
    way = "give what is missing with --value NAME=VALUE"
    spent = f" in {len(sight.made)} turns, and no more may be asked for (--max-turns)" if sight.spent else ""
    sight.draft.problems.append(f"no turn was answered{spent} ({tried}): {way}")
    return False


def unstreamed(sight: Sight) -> Asking:
    """
    The same turn without a stream, where its body says whether there is one.
    """
    chat = sight.draft.operations["chat"]
    endpoint = sight.api.at(chat["request"]["method"], path_of(sight, "chat"))
    if sight.spent or endpoint is None or "stream" not in chat or not _has_stream(endpoint):
        return
    plain = has_choice(endpoint) and "${text}" in [*chat["request"].get("json", {}).values()]
    template = yield from template_of(sight, endpoint, "turn", stream=False, plain=plain)
    said = f"Again {sight.given.token}"
    exchange = yield from _say(sight, template, said)
    path = answer_path(exchange.value, None, said) if succeeded(exchange) else None
    if path is not None:
        kept = {"request": template, "status": [exchange.status], "thread": chat.get("thread"), "text": path}
        sight.draft.keep("chat_unstreamed", endpoint, {**kept, "required": chat.get("required")})


def is_ours(sight: Sight) -> Asking:
    """
    Whether the thread of the turn may be deleted: we named it or made it, or a second turn without a thread is told
    another one, so that a turn begins its own. A server that puts every such turn into one thread tells that again.
    """
    first = sight.known["thread"]
    if first in sight.threads:
        return True
    if sight.spent:
        return False
    chat = sight.draft.operations["chat"]
    del sight.known["thread"]
    exchange = yield from _say(sight, chat["request"], f"Hello {sight.given.token} {len(sight.made)}")
    if succeeded(exchange):
        _ = _thread_told(sight, exchange) or _thread_streamed(sight, chat.get("stream"), exchange)
    second = sight.known.get("thread", first)
    sight.known["thread"] = first
    if second != first:
        sight.threads += [first, second]
    return second != first


def _tried(sight: Sight, endpoint: Endpoint, template: Mapping[str, Any], failed: list[str]) -> Asking:
    """
    Whether that request is answered, with a thread that we name, one that was made before, or one that it begins.
    """
    for naming in ("client", "uuid", "made", "begun"):
        hopeless = sight.spent or sight.failures >= ENOUGH
        ready = not hopeless and (yield from _named(sight, naming, template))
        if not ready:
            continue
        said = f"Hello {sight.given.token} {len(sight.made)}"
        exchange = yield from _say(sight, template, said)
        if (why := failure_of(exchange)) is not None:
            _failed(sight, Failure(endpoint, template, naming, sight.known.get("thread"), said, exchange, why))
        elif succeeded(exchange) and body(exchange) and _read(sight, endpoint, template, exchange, said):
            if naming == "begun" and "thread" not in sight.known:
                failed.append(f"{told(sight, exchange)}, and no id of its thread is in it")
                continue
            sight.failure = None  # another way of naming its thread was the right one
            settle_ids(sight, naming)
            _system_prompt(sight)
            return True
        unread = ", where no answer can be read" if succeeded(exchange) else ""
        failed.append(f"{told(sight, exchange)}{unread}")
        if naming in ("client", "uuid") and exchange.status in (404, 422, 400, 403):
            sight.draft.policies["unknown_thread"] = "refuse"
    sight.draft.policies.pop("unknown_thread", None)
    return False


def _say(sight: Sight, template: Mapping[str, Any], said: str) -> Asking:
    ids = {"message": f"{uuid.uuid5(uuid.NAMESPACE_OID, said + sight.given.token + str(len(sight.made)))}"}
    sight.made.append(said)
    answer = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{ids['message']}-answer"))
    exchange = yield from ask(sight, template, turn=Turn(said, said, (said,)), text=said, answer=answer, **ids)
    if sight.given.upstream is not None:
        sight.calls = yield Calls(said)
    return exchange


def _failed(sight: Sight, failure: Failure) -> None:
    """
    Remember the first: the ways of naming a thread that are tried later are the less likely ones.
    """
    sight.failures += 1 if failure.exchange.status is not None else SLOW
    if sight.failure is None:
        how = filter(None, (told(sight, failure.exchange), sight.given.clean(failure.told)[:SHOWN]))
        sight.failure = replace(failure, told=", ".join(how), called=bool(sight.calls))


def _system_prompt(sight: Sight) -> None:
    """
    Whether the server puts a system message of its own into the prompt, where the witness saw it: nobody sent one.
    """
    if sight.calls:
        seen = "yes" if has_system(sight.calls[-1]) else "no"
        sight.draft.policies["extra_system_prompt"] = seen
        sight.draft.note("policies", f"extra_system_prompt is {seen} by the prompt of one turn")


def _named(sight: Sight, naming: str, template: Mapping[str, Any]) -> Asking:
    """
    Make ready what the thread of the turn is called; whether that way is open.
    """
    takes = "thread" in placeholders(msgspec.convert(template, RequestTemplate))
    sight.known.pop("thread", None)
    if naming in ("client", "uuid"):
        plain = f"{sight.given.token}-t{len(sight.made)}"
        sight.known["thread"] = plain if naming == "client" else str(uuid.uuid5(uuid.NAMESPACE_OID, plain))
        sight.threads.append(sight.known["thread"])
        return takes
    if naming == "made":
        return takes and (yield from _made(sight))
    in_path = "${thread}" in str(template["path"])
    return not in_path


def _made(sight: Sight) -> Asking:
    """
    A thread that the server names.
    """
    endpoint = making_of(sight.api, sight.place)
    template = (yield from template_of(sight, endpoint, "thread")) if endpoint is not None else None
    if endpoint is None or template is None:
        return False
    exchange = yield from ask(sight, template)
    called = sight.place.parameter if sight.place is not None else None
    path = id_path(exchange.value, called=called) if succeeded(exchange) else None
    if path is None:
        return False
    sight.known["thread"] = str(find(path, exchange.value)[0])
    sight.threads.append(sight.known["thread"])
    kept = {"request": template, "status": [exchange.status], "id": path}
    sight.draft.keep("create_thread", endpoint, {**kept, "fields": {"id": path, **thread_fields(exchange.value)}})
    return True


def _read(sight: Sight, endpoint: Endpoint, template: Mapping[str, Any], exchange: Exchange, said: str) -> bool:
    """
    Whether an answer can be read: as a stream of a known framing, or as a text in a document.
    """
    framing = looks_like(body(exchange))
    if framing is None:
        return False
    kept: dict[str, Any] = {"request": dict(template), "status": [exchange.status]}
    kept["required"] = sorted(required(endpoint, template))
    if framing == "json":
        path = answer_path(exchange.value, None, said)
        if path is None:
            return False
        kept["text"], sight.document = path, exchange.value
    else:
        stream = _stream(sight, endpoint, framing, exchange)
        if stream is None:
            return False
        kept["stream"] = stream
    sight.said = said
    kept["thread"] = _thread_told(sight, exchange) or _thread_streamed(sight, kept.get("stream"), exchange)
    sight.draft.keep("chat", endpoint, kept)
    return True


def _stream(sight: Sight, endpoint: Endpoint, framing: str, exchange: Exchange) -> dict[str, Any] | None:
    """
    What the profile says of the stream; nothing where its events are of a kind in which no text can be made out.
    """
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip() or None
    stream = declared(framing, body(exchange)) if framing in DECLARED else {"framing": framing}
    if stream is None:
        sight.draft.note(str(endpoint), f"its stream looks like {framing}, and no text can be made out in it")
        return None
    sight.answer, ending = decoded(framing, body(exchange), msgspec.convert(stream, Stream))
    sight.draft.note(str(endpoint), f"stream: {framing}, by the bytes of one answer")
    if framing in DECLARED:
        sight.draft.note(str(endpoint), f"guessed: {_UNSEEN}")
    events = {"events": stream["events"]} if framing in DECLARED else {}
    return {"framing": framing, "terminal": ending.terminal is not None, "content_type": kind, **events}


def _thread_streamed(sight: Sight, stream: Any, exchange: Exchange) -> str | None:
    """
    Whether an event of the stream tells the id of the thread that this turn began.
    """
    if "thread" in sight.known or not stream or "events" not in stream:
        return None
    told = decoded(stream["framing"], body(exchange), msgspec.convert(stream, Stream))[1].thread_id
    if told is not None:
        sight.known["thread"] = told
    return "stream" if told is not None else None


def required(endpoint: Endpoint, template: Mapping[str, Any]) -> Iterator[str]:
    """
    The placeholders without which the document says that no body is whole.
    """
    content = template.get("json") or template.get("form")
    if endpoint.body is None or not isinstance(content, dict):
        return
    for name in sorted(endpoint.body.required & {*content}):
        value = content[name]
        if isinstance(value, str) and value.startswith("${"):
            yield value[2:-1]


def _thread_told(sight: Sight, exchange: Exchange) -> str | None:
    """
    Where a turn that began a thread tells its id, if this one did.
    """
    if "thread" in sight.known:
        return None
    for name, value in exchange.headers.items():
        if names_thread(name.removeprefix("x-")) and words(name) & IDENTITY:
            sight.known["thread"] = value
            return f"header {name.lower()}"
    path = thread_path(exchange.value)
    if path is not None:
        sight.known["thread"] = str(find(path, exchange.value)[0])
    return path


def settle_ids(sight: Sight, naming: str) -> None:
    ids = sight.draft.ids
    ids["thread"] = "client" if naming in ("client", "uuid") else "server"
    if naming == "uuid":
        ids["format"] = "uuid"
    if naming in ("client", "uuid"):
        sight.draft.policies["unknown_thread"] = "create"
    chat = str(sight.draft.operations["chat"]["request"])
    ids |= {name: "client" for name in ("message", "answer") if f"${{{name}}}" in chat}
    if naming not in ("client", "uuid") and (unknown := _nothing(sight.known["thread"])):
        ids["unknown"] = unknown
        sight.draft.note("ids", f"`unknown` is made after {sight.known['thread']}")


def _nothing(seen: str) -> str | None:
    """
    A well-formed id that names nothing, made after one that does.
    """
    if seen.isdigit():
        return "9" * max(len(seen), 9)
    prefix, mark, rest = seen.partition("_")
    if mark and len(rest) >= 8:
        return f"{prefix}_{'0' * len(rest)}"
    try:
        uuid.UUID(seen)
    except ValueError:
        return None
    return "00000000-0000-4000-8000-000000000000"


def _assistant_for(sight: Sight, endpoint: Endpoint) -> Asking:
    """
    What a turn needs besides its thread: an assistant that is made before, or one that is there.
    """
    template = yield from template_of(sight, endpoint, "turn")
    if template is None or "assistant" not in placeholders(msgspec.convert(template, RequestTemplate)):
        return
    if "assistant" in sight.known:
        return
    making = assistants(sight.api)
    request = (yield from template_of(sight, making, "made")) if making is not None else None
    exchange = (yield from ask(sight, request, name=None)) if request is not None else None
    path = id_path(exchange.value) if exchange is not None and succeeded(exchange) else None
    if making is not None and exchange is not None and path is not None:
        sight.known["assistant"] = str(find(path, exchange.value)[0])
        sight.draft.keep("create_assistant", making, {"request": request, "status": [exchange.status], "id": path})
        sight.draft.makes["assistant"] = "create_assistant"
        return
    yield from _assistant_there(sight, endpoint)


def _assistant_there(sight: Sight, endpoint: Endpoint) -> Asking:
    """
    The first of those that the server lists; its id is written into the path.
    """
    name = next((one for one in endpoint.parameters if not names_thread(one)), None)
    if name is None:
        return
    collection = endpoint.path.split(f"/{{{name}}}")[0]
    exchange = yield from ask(sight, {"method": "GET", "path": collection})
    listed = exchange.value if isinstance(exchange.value, list) else []
    ids = [find(path, one)[0] for one in listed if (path := id_path(one))]
    if ids:
        sight.literals[name] = str(ids[0])
        sight.draft.note(str(endpoint), f"`{name}` is {ids[0]}, the first of {len(ids)} at GET {collection}")


def _forms(endpoint: Endpoint) -> list[tuple[bool, bool]]:
    """
    The ways to ask for a turn, the likeliest first: as a stream or not, with a plain text where there is a choice.
    """
    streams = (True, False) if _has_stream(endpoint) else (True,)
    return list(product(streams, (False, True) if has_choice(endpoint) else (False,)))


def _has_stream(endpoint: Endpoint) -> bool:
    properties = endpoint.body.properties if endpoint.body is not None else {}
    return any(words(name) & {"stream", "streaming"} for name in properties)


def path_of(sight: Sight, operation: str) -> str:
    """
    The document's path of an operation that is kept.
    """
    asked = sight.draft.operations[operation]["request"]
    method = asked["method"]
    paths = [one.path for one in sight.api.endpoints if f"{method} {one.path}" in sight.draft.mapped]
    return next((path for path in paths if alike(path, asked["path"])), "")
