"""
What was observed in a transcript, without what differs from run to run: two servers are compared by it.

Ids are numbered in the order in which they come, times and ports are masked. Durations are facts of their own, and only
large differences of them count.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

import msgspec

from conformance.engine.afterwards import AFTER
from conformance.engine.sameness import END
from conformance.model.matrix import Contrast
from conformance.model.transcript import Exchange, StepRecord, Transcript

__all__ = ["Facts", "contrast", "durations", "facts", "slowness"]

Facts = Mapping[tuple[str, str], str]
"""
What was seen, by step and place, in the order in which it was.
"""

SHORT: Final = 120  # characters of a value that are kept to be read; the rest is its hash
SLOWER: Final = 3.0  # times as long as on the healthy server ...
LONGER: Final = 0.1  # ... and so many seconds longer: a busy machine adds less to a conversation of a few steps

_OURS: Final = {"request", "operation", "attempts", "lag"}
_TIMES: Final = {
    "at",
    "started",
    "ended_at",
    "headers_at",
    "first_text_at",
    "held_at",
    "released_at",
    "loop_lag",
    "waited",
}
_SIZES: Final = {"arrivals", "arrival_count", "delta_count", "marks", "body_bytes"}
_SKIPPED: Final = _OURS | _TIMES | _SIZES
_RECORD: Final = {"index", "action", "title", "exchanges"}
_HEADERS: Final = {"date", "content-length", "server"}
_LAST: Final = ("value", "body")  # what was read from them says the same in fewer words

_MASKS: Final = (
    (re.compile(r"127\.0\.0\.1:\d+"), "<host>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?"), "<time>"),
    (re.compile(r"(?<![\w.])\d{13,}(?:\.\d+)?(?!\w)"), "<large number>"),
    (re.compile(r"(?<![\w.])\d{9,12}(?:\.\d+)?(?!\w)"), "<number>"),
)
_EXACT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{4,}")
_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![A-Za-z0-9])[a-z]{2,12}[_-][A-Za-z0-9]{16,}"
    r"|(?<![A-Za-z0-9])[0-9a-f]{16,}(?![A-Za-z0-9])"
)


class _Masks:
    """
    Numbers the ids and the exact times of one transcript: two that are the same, or not, are told apart.
    """

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._times: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        text = _ID.sub(lambda found: self._ids.setdefault(found[0], f"<id {len(self._ids) + 1}>"), text)
        text = _EXACT.sub(lambda found: self._times.setdefault(found[0], f"<time {len(self._times) + 1}>"), text)
        for pattern, mask in _MASKS:
            text = pattern.sub(mask, text)
        return text if len(text) <= SHORT else f"{text[:SHORT]}… {_hash(text)}"


def facts(transcript: Transcript) -> Facts:
    """
    All that was seen of the server.
    """
    masks, ours = _Masks(), frozenset(str(one) for one in transcript.bindings.values())
    seen: dict[tuple[str, str], str] = {}
    for record in _played(transcript):
        for place, value in _of_record(record, ours):
            seen[record.index, place] = masks(value)
    for (step, name), value in _counted(transcript):
        seen[step, name] = value
    for name in ("prevented", "unsupported", "trouble"):
        if reason := getattr(transcript, name):
            seen[END, name] = masks(str(reason))
    return seen


def durations(transcript: Transcript) -> dict[tuple[str, str], float]:
    """
    In seconds: until the first text of each exchange, and until its end.
    """
    found: dict[tuple[str, str], float] = {}
    for record in _played(transcript):
        for number, one in enumerate(record.exchanges):
            if one.first_text_at is not None:
                found[record.index, f"exchanges[{number}] first text after"] = one.first_text_at - one.started
            found[record.index, f"exchanges[{number}] ended after"] = one.ended_at - one.started
        found[record.index, "seen after"] = record.lag
    return found


def contrast(healthy: Facts, again: Facts, broken: Facts) -> Contrast | None:
    """
    The first difference between a healthy play and a broken one, at a place where two healthy plays do not differ.
    """
    looked = any(_is_last_look(key) for key in broken)
    for key in _in_order(healthy, broken):
        if _is_last_look(key) and not looked:
            continue  # we look once more only where nothing failed
        lost = key in healthy and key in again and key not in broken  # whatever its value is each time
        if lost or (healthy.get(key) == again.get(key) and healthy.get(key) != broken.get(key)):
            step, place = key
            return Contrast(step=step, at=place, healthy=healthy.get(key, "nothing"), broken=broken.get(key, "nothing"))
    return None


def slowness(
    healthy: Mapping[tuple[str, str], float],
    again: Mapping[tuple[str, str], float],
    broken: Mapping[tuple[str, str], float],
) -> Contrast | None:
    """
    The first step that took far longer than in both healthy plays.
    """
    for key, seconds in broken.items():
        usual = max(healthy.get(key, 0.0), again.get(key, 0.0))
        if key in healthy and seconds > max(SLOWER * usual, usual + LONGER):
            told = [f"{_roughly(one)} s" for one in (usual, seconds)]
            return Contrast(step=key[0], at=key[1], healthy=told[0], broken=told[1])
    return None


def _played(transcript: Transcript) -> Iterator[StepRecord]:
    """
    That we look again after a failure is our doing, not the server's.
    """
    return (record for record in transcript.records if record.index != AFTER)


def _is_last_look(key: tuple[str, str]) -> bool:
    return key[0] == END and key[1].startswith(("exchanges", "messages", "rows"))


def _roughly(seconds: float) -> str:
    """
    To a tenth: a matrix that is written anew on another machine should say the same.
    """
    return f"{seconds:.1f}"


def _in_order(healthy: Facts, broken: Facts) -> Iterator[tuple[str, str]]:
    """
    Step by step; what only the broken one has comes after what both have.
    """
    steps = dict.fromkeys(step for step, _ in (*healthy, *broken))
    places: dict[str, dict[tuple[str, str], None]] = {step: {} for step in steps}
    for key in (*healthy, *broken):
        places[key[0]][key] = None
    for step in steps:
        yield from places[step]


def _of_record(record: StepRecord, ours: Set[str]) -> Iterator[tuple[str, str]]:
    for number, exchange in enumerate(record.exchanges):
        shared = record.threads is not None or exchange.operation == "metrics"
        yield from _of_exchange(f"exchanges[{number}]", exchange, shared)
    rest = msgspec.to_builtins(record)
    if record.threads is not None:
        rest["threads"] = [one for one in rest["threads"] if one["id"] in ours]
    yield from _walked("", {name: value for name, value in rest.items() if name not in _RECORD})


def _of_exchange(place: str, exchange: Exchange, shared: bool) -> Iterator[tuple[str, str]]:
    """
    With `shared`, the answer may hold what other scenarios made; what is ours was read from it already.
    """
    told = msgspec.to_builtins(exchange)
    raw = {name: told.pop(name, None) for name in _LAST}
    if shared:
        raw = {"value": _scalars(exchange)}
    told["headers"] = {
        name: _sign(value) if name == "retry-after" else value
        for name, value in exchange.headers.items()
        if name not in _HEADERS
    }
    yield from _walked(place, told)
    yield f"{place}.reads", "several" if exchange.arrival_count > 1 else str(exchange.arrival_count)
    for name, value in raw.items():
        yield from _walked(f"{place}.{name}", value)


def _sign(seconds: str) -> str:
    """
    How long to wait differs from second to second; whether there is a wait does not.
    """
    return "some seconds" if seconds.strip("0") else seconds


def _counted(transcript: Transcript) -> Iterator[tuple[tuple[str, str], str]]:
    """
    How far the server's own figures went on from one look at them to the next; they are of all scenarios together.
    """
    before: Mapping[str, Any] | None = None
    for record in _played(transcript):
        for one in record.exchanges:
            if one.operation == "metrics" and isinstance(one.value, dict):
                for name, value in one.value.items():
                    if before is not None and isinstance(value, int | float):
                        yield (record.index, f"metrics.{name}"), f"+{value - float(before.get(name, 0)):.1f}"
                before = one.value


def _scalars(exchange: Exchange) -> dict[str, Any]:
    """
    What is said of a list as a whole: whether there is more of it.
    """
    if exchange.operation == "metrics" or not isinstance(exchange.value, dict):
        return {}
    return {name: one for name, one in exchange.value.items() if isinstance(one, bool)}


def _walked(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and "sha256" in value:
        yield place, _text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _SKIPPED or ".value" in place:
                yield from _walked(f"{place}.{name}".lstrip("."), inner)
    elif isinstance(value, list):
        yield f"{place}.length", str(len(value))
        for number, inner in enumerate(value):
            yield from _walked(f"{place}[{number}]", inner)
    else:
        yield place, msgspec.json.encode(value).decode()


def _text(value: Mapping[str, Any]) -> str:
    whole = value.get("whole")
    if isinstance(whole, str):
        return whole
    return f"{value['length']} characters {value['sha256'][:12]}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
