"""
Checks of the answer itself: status, headers, body, text, stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from conformance.checks.bodies import body, schema
from conformance.checks.finding import Finding, excerpt, plain
from conformance.checks.seen import Seen
from conformance.checks.streams import complete_problems, stream
from conformance.checks.texts import mismatches
from conformance.model.profile import Profile
from conformance.model.scenario import Expect, TextMatch
from conformance.model.transcript import Exchange, Unseen

__all__ = ["body", "error", "headers", "schema", "status", "stream", "success", "text"]

LONG: Final = 2000  # characters of a request; the shortest text of the scenarios that tries a length has 4,001
TOO_LONG: Final = (413, 414)


def status(want: int | str | list[int | str], seen: Seen) -> Iterator[Finding]:
    """
    The status is one of those; `2xx` is a class, `conflict` what the profile calls so.
    """
    wanted = want if isinstance(want, list) else [want]
    exchange = seen.exchange
    actual = exchange.status if exchange else None
    if not any(_status_is(one, actual, seen) for one in wanted):
        expected = " or ".join(str(one) for one in wanted)
        yield seen.differs("status", "wire", "status", [f"{_answered(exchange)}, expected {expected}"], want, actual)


def error(want: str | list[str], seen: Seen) -> Iterator[Finding]:
    """
    The answer is an error of that kind, in the status and the shape that the profile declares.
    """
    kinds = want if isinstance(want, list) else [want]
    allowed = sorted({code for kind in kinds for code in getattr(seen.profile.errors, kind)})
    exchange = seen.exchange
    if exchange is None or exchange.status not in allowed:
        expected = f"{' or '.join(kinds)} ({', '.join(map(str, allowed))})"
        actual = exchange.status if exchange else None
        yield seen.differs("error", "wire", "status", [f"{_answered(exchange)}, expected {expected}"], allowed, actual)
    elif seen.profile.errors.body is not None:
        for finding in schema(seen.profile.errors.body, seen):
            yield finding if isinstance(finding, Unseen) else _as_error_body(finding, seen)


def _as_error_body(finding: Any, seen: Seen) -> Finding:
    lines = [f"error body is not as the profile declares: {line}" for line in finding.lines]
    return seen.differs("error", "wire", finding.at, lines, finding.expected, finding.actual)


def headers(want: dict[str, str | TextMatch], seen: Seen) -> Iterator[Finding]:
    """
    Each named header is there and matches.
    """
    present = seen.exchange.headers if seen.exchange else {}
    lowered = {name.lower(): value for name, value in present.items()}
    for name, match in want.items():
        actual = lowered.get(name.lower())
        lines = ["is absent"] if actual is None else list(mismatches(match, actual, seen))
        if lines:
            told = [f"header {name} {line}" for line in lines]
            yield seen.differs("headers", "wire", f"headers.{name}", told, plain(_shown(match)), actual)


def text(want: str | TextMatch, seen: Seen) -> Iterator[Finding]:
    """
    The answer's text, as streamed or as the body has it.
    """
    exchange = seen.exchange
    if exchange is None or exchange.text is None:
        line = f"no answer text was read: {_answered(exchange)}"
        yield seen.differs("text", "wire", "text", [line], plain(_shown(want)), None)
        return
    lines = list(mismatches(want, exchange.text, seen, marked=True))
    if lines:
        told = [f"answer text {lines[0]}", *lines[1:]]
        yield seen.differs("text", "wire", "text", told, plain(_shown(want)), plain(exchange.text))


def success(expect: Expect | None, seen: Seen) -> Iterator[Finding]:
    """
    A step of which nothing else is said must succeed as its operation declares, its stream complete.
    """
    if seen.left or seen.exchange is None or _speaks_of_the_end(expect):
        return
    exchange = seen.exchange
    if seen.operation is None:
        yield from _came(exchange, seen)
        return
    if exchange.status not in seen.operation.status:
        expected = " or ".join(map(str, seen.operation.status))
        line = f"{_answered(exchange)}, expected {expected}"
        lines = [line, *_refused_for_length(exchange, seen.profile)]
        yield seen.differs("success", "wire", "status", lines, seen.operation.status, exchange.status)
        return
    lines = list(complete_problems(exchange, seen.operation))
    if lines:
        yield seen.differs("success", "wire", "stream", lines, "a complete answer", exchange.ended)


def _refused_for_length(exchange: Exchange, profile: Profile) -> Iterator[str]:
    """
    A server need not take a text of any length if its profile says so: the way out where a long one is refused.
    """
    body, statuses = exchange.request.body, {*profile.errors.invalid, *TOO_LONG}
    if body is not None and body.length > LONG and exchange.status in statuses and profile.limits.text is None:
        yield (
            f"the request has {body.length:,} characters: if the server means to refuse so long a text, declare "
            "`limits: {text: ...}` in the profile"
        )


def _came(exchange: Exchange, seen: Seen) -> Iterator[Finding]:
    """
    Of a raw call nothing is declared, but without an answer nothing that is said of it was tried.
    """
    if exchange.status is None or exchange.ended != "clean":
        lines = [_answered(exchange) if exchange.status is None else next(complete_problems(exchange, None))]
        yield seen.differs("success", "wire", "stream", lines, "a complete answer", exchange.ended)


def _speaks_of_the_end(expect: Expect | None) -> bool:
    if expect is None:
        return False
    streams = expect.stream is not None and (expect.stream.complete is not None or expect.stream.ends is not None)
    return expect.status is not None or expect.error is not None or streams


def _status_is(want: int | str, actual: int | None, seen: Seen) -> bool:
    if actual is None:
        return False
    if isinstance(want, int):
        return want == actual
    return want[0] == str(actual)[0] if want.endswith("xx") else actual in getattr(seen.profile.errors, want)


def _answered(exchange: Exchange | None) -> str:
    if exchange is None:
        return "no request was sent"
    if exchange.status is None:
        return f"no answer ({exchange.trouble or exchange.ended})"
    start = exchange.body.whole if exchange.body is not None and exchange.status >= 400 else None
    return f"answered {exchange.status}" + (f" {excerpt(start)}" if start else "")


def _shown(match: Any) -> Any:
    if not isinstance(match, TextMatch):
        return match
    return {key.rstrip("_"): value for key in match.__struct_fields__ if (value := getattr(match, key)) is not None}
