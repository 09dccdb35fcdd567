"""
What the events of one answer may mean, guessed from its bytes: the `events` of a profile for a stream without a name.

The text is where pieces add up: by the name of its field, by how many events have it, and above all by another event
that repeats the whole. Whatever is guessed is read back by the decoder; a guess that does not read the answer is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import msgspec

from conformance.model.profile import Stream
from conformance.text.deltas import Ending
from conformance.text.eventlist import events_in, value_of
from conformance.text.framing import decoder
from conformance.text.jsonpath import NOTHING, one
from conformance.text.sse import Event

__all__ = ["declared", "in_one_line"]

DEPTH: Final = 5
_KINDS: Final = ("type", "event", "kind", "op", "action", "status", "done", "finished", "final", "is_final", "partial")
_TEXTS: Final = (
    "delta",
    "token",
    "content",
    "text",
    "chunk",
    "answer",
    "output",
    "response",
    "message",
    "value",
    "data",
)
_NO_TEXT: Final = frozenset(
    {"id", "type", "event", "kind", "role", "model", "object", "status", "state", "name", "reason", "at", "time"}
    | {"created", "timestamp", "author", "agent", "index", "step", "usage", "reasoning", "thinking", "op", "action"}
)
_THREAD: Final = "thread|conversation|chat|session|dialog|dialogue|discussion|room|convo|talk"
_ALONG: Final[Mapping[str, tuple[re.Pattern[str], Any]]] = {
    "message": (re.compile(r"(message|answer|reply)(_id|Id|_uuid|Uuid)"), str | int),
    "thread": (re.compile(rf"({_THREAD})(_id|Id|_uuid|Uuid|_key|Key)"), str | int),
    "usage": (re.compile(r"usage|metrics|token_?usage|tokenUsage"), Mapping),
    "finish": (re.compile(r"(finish|stop|done)(_reason|Reason)"), str),
}
"""
What may come along with a text: what it is called, and what it is.
"""
_IDS: Final = ("message", "thread")
"""
Those that are the same from event to event; an id that changes is the event's own.
"""
_PLAIN: Final = re.compile(r"[$A-Za-z][\w.$/-]*", re.ASCII)
_WORDS_OF_YAML: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


@dataclass(slots=True)
class _Kind:
    """
    Events of one kind: the conditions by which they are known, and what they hold.
    """

    fits: dict[str, Any]
    values: list[Any]
    last: bool = False


def declared(framing: str, body: str) -> dict[str, Any] | None:
    """
    The `stream` of a profile without its content type, or nothing where the answer cannot be read so.
    """
    events = events_in(framing, body)
    kinds = _kinds([(event, value_of(event)) for event in events])
    for place, path in _texts(kinds):
        stream = _stream(framing, kinds, place, path)
        text, ending = _read(stream, body)
        if text and not ending.problems:
            return stream
    return None


def in_one_line(value: Any) -> str:
    """
    What was guessed as YAML of one line, to be pasted into a profile.
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {in_one_line(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(in_one_line, value))}]"
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML
    return str(value) if plain else msgspec.json.encode(value).decode()


def _read(stream: Mapping[str, Any], body: str) -> tuple[str, Ending]:
    reading = decoder(stream["framing"], msgspec.convert(stream, Stream))
    deltas = [*reading.feed(body.encode(errors="surrogatepass")), *reading.close()]
    return "".join(delta.text for delta in deltas), reading.ending


def _kinds(events: Sequence[tuple[Event, Any]]) -> list[_Kind]:
    """
    The kinds in the order in which they came first; markers first, and what fits anything last.
    """
    holding = [(event, value) for event, value in events if value is not NOTHING]
    named = len({event.type for event, _ in events}) > 1
    key = None if named else _telling([value for _, value in holding])
    found: dict[str, _Kind] = {}
    for event, value in events:
        fits = _condition(event, value, named, key, [value for _, value in holding])
        kind = found.setdefault(repr(fits), _Kind(fits, []))
        kind.values.append(value)
        kind.last = event is events[-1][0]
    return sorted(found.values(), key=lambda kind: (not kind.fits, "data" not in kind.fits, "has" in kind.fits))


def _telling(values: Sequence[Any]) -> str | None:
    """
    The field that tells the events apart.
    """
    for name in _KINDS:
        seen = [
            value[name] for value in values if isinstance(value, Mapping) and isinstance(value.get(name), str | bool)
        ]
        if seen and (len({*seen}) > 1 or len(seen) < len(values)):
            return name
    return None


def _condition(event: Event, value: Any, named: bool, key: str | None, others: Sequence[Any]) -> dict[str, Any]:
    if named:
        return {"name": event.type}
    if value is NOTHING:
        return {"data": event.data.strip()}
    if key is not None and isinstance(value, Mapping) and isinstance(value.get(key), str | bool):
        return {"where": {f"$.{key}": value[key]}}
    own = _own_field(value, others)
    return {"has": f"$.{own}"} if own else {}


def _own_field(value: Any, others: Sequence[Any]) -> str | None:
    """
    A field that only events with the same fields have.
    """
    if not isinstance(value, Mapping):
        return None
    different = [other for other in others if isinstance(other, Mapping) and {*other} != {*value}]
    own = (name for name, one in value.items() if one is not None and not any(name in other for other in different))
    return next((name for name in own if name.isidentifier()), None) if different else None


def _texts(kinds: Sequence[_Kind]) -> list[tuple[int, str]]:
    """
    Where the pieces of the text may be, the likeliest first: the kind's place, and the path in it.
    """
    scored = []
    for place, kind in enumerate(kinds):
        paths = dict.fromkeys(path for value in kind.values for path, _ in _strings(value))
        for path in paths if "data" not in kind.fits else ():
            if (score := _score(kinds, place, path)) is not None:
                scored.append((score, place, path))
    return [(place, path) for _, place, path in sorted(scored, key=lambda one: -one[0])[:8]]


def _score(kinds: Sequence[_Kind], place: int, path: str) -> float | None:
    pieces = _pieces(kinds[place], path)
    called = _called(path)
    if called & _NO_TEXT or not any(pieces):
        return None
    likely = max((len(_TEXTS) - _TEXTS.index(word) for word in called if word in _TEXTS), default=0)
    whole = _whole(pieces)
    repeated = any(text == whole for at, kind in enumerate(kinds) if at > place for text in _all_strings(kind))
    return likely + 20 * repeated + min(len(pieces), 20)


def _called(path: str) -> set[str]:
    """
    The words of the last name in a path.
    """
    names = re.findall(r"[^\W\d]\w*", path) or ["data"]
    return {word.lower() for word in _WORD.findall(names[-1])}


def _pieces(kind: _Kind, path: str) -> list[str]:
    return [found for value in kind.values if isinstance(found := one(path, value), str)]


def _whole(pieces: Sequence[str]) -> str:
    return pieces[-1] if _grows(pieces) else "".join(pieces)


def _grows(pieces: Sequence[str]) -> bool:
    """
    Whether each has the text from its beginning.
    """
    pairs = list(pairwise(pieces))
    return any(after != before for before, after in pairs) and all(
        after.startswith(before) and before for before, after in pairs
    )


def _strings(value: Any, path: str = "$", depth: int = DEPTH) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping) and depth:
        for name, inner in value.items():
            if name.isidentifier() and name.isascii():
                yield from _strings(inner, f"{path}.{name}", depth - 1)
    elif isinstance(value, list) and depth:
        for place, inner in enumerate(value[:3]):
            yield from _strings(inner, f"{path}[{place}]", depth - 1)


def _all_strings(kind: _Kind) -> Iterator[str]:
    for value in kind.values:
        yield from (text for _, text in _strings(value))


def _stream(framing: str, kinds: Sequence[_Kind], place: int, path: str) -> dict[str, Any]:
    """
    What the profile says, if the text is there.
    """
    pieces = _pieces(kinds[place], path)
    how = "so_far" if _grows(pieces) else "text"
    said = [_meaning(kinds, at, _is_text(kinds, at, place, path, how), _whole(pieces)) for at in range(len(kinds))]
    ends = any("end" in one for one in said)
    return {"framing": framing, "terminal": ends, "events": _joined(said)}


def _is_text(kinds: Sequence[_Kind], at: int, place: int, path: str, how: str) -> dict[str, str]:
    """
    The text's own kind has it; where a truth tells the last event from the others, that one may have a piece as well.
    """
    yes_or_no = all(isinstance(wanted, bool) for wanted in kinds[at].fits.get("where", {"": ""}).values())
    pieces = _pieces(kinds[at], path)
    whole = _whole(_pieces(kinds[place], path))
    return {how: path} if at == place or (yes_or_no and pieces and whole not in pieces) else {}


def _meaning(kinds: Sequence[_Kind], at: int, text: dict[str, str], whole: str) -> dict[str, Any]:
    kind = kinds[at]
    told = dict(kind.fits)
    if "data" not in told:
        told |= text or _repeated(kind, whole)
        told |= {name: found for name, found in _along(kind) if not _earlier(kinds, at, name)}
    yes = any(value is True for value in kind.fits.get("where", {}).values())
    if kind.last and len(kind.values) == 1 and kind.fits and (yes or not text):
        told["end"] = True
    return told


def _repeated(kind: _Kind, whole: str) -> dict[str, str]:
    for value in kind.values:
        for path, text in _strings(value):
            if text == whole and not _called(path) & _NO_TEXT:
                return {"whole": path}
    return {}


def _along(kind: _Kind) -> Iterator[tuple[str, str]]:
    """
    Ids, figures and reasons, by their names.
    """
    for key, (called, kind_of) in _ALONG.items():
        for name in filter(called.fullmatch, _names(kind)):
            found = [value.get(name) for value in kind.values if isinstance(value, Mapping)]
            all_have = len(found) == len(kind.values) and all(isinstance(value, kind_of) for value in found)
            if all_have and (key not in _IDS or len({*found}) == 1):
                yield key, f"$.{name}"
                break


def _names(kind: _Kind) -> dict[str, None]:
    return dict.fromkeys(name for value in kind.values if isinstance(value, Mapping) for name in value)


def _earlier(kinds: Sequence[_Kind], at: int, name: str) -> bool:
    """
    Whether an event before it tells it: once is enough, but for figures and reasons.
    """
    return name in _IDS and any(name in dict(_along(kind)) for kind in kinds[:at])


def _joined(said: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Those by name or value of which nothing is said, as one.
    """
    telling: list[dict[str, Any]] = []
    silent: list[dict[str, Any]] = []
    for event in said:
        (silent if {*event} in ({"name"}, {"where"}) else telling).append(event)
    catch_all = [event for event in telling if not {*event} & {"name", "data", "where", "has"}]
    telling = [event for event in telling if event not in catch_all]
    if silent and "name" in silent[0]:
        telling.append({"name": _brief([event["name"] for event in silent])})
    elif silent:
        (path,) = silent[0]["where"]
        telling.append({"where": {path: _brief([event["where"][path] for event in silent])}})
    return [*telling, *catch_all]


def _brief(several: list[Any]) -> Any:
    return several[0] if len(several) == 1 else several
