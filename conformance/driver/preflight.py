"""
Before anything is judged: is the target there, does it speak the profile, is the store the one, is the model ours?

One short conversation is played by the ordinary engine. What it shows is told in one sentence, as an error, so that a
wrong URL is never a wall of failed scenarios.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Final
from urllib.parse import urlsplit

import msgspec

from conformance.checkup.mapping import PLACES, mismapped
from conformance.driver.desk import Target
from conformance.driver.http import Limits, Wire
from conformance.driver.scheduling import Case, play_case
from conformance.engine.effects import Request, Send
from conformance.engine.reading import answer_text
from conformance.errors import LaunchError, ProfileMismatch, StoreError, TargetUnreachable, UpstreamSilent, UsageError
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, StepRecord, Transcript
from conformance.text.redaction import redact_url

__all__ = ["has_answered", "preflight", "reach"]

GREETING: Final = "Hello"
_CONVERSATION = msgspec.convert(
    {
        "id": "preflight",
        "title": "One turn, listed and stored",
        "steps": [
            {"chat": {"thread": "t", "say": f"{GREETING} ${{canary}}"}, "as": "turn"},
            {"list_messages": {"thread": "t"}, "expect": {"count": ">= 2"}},
            {"query": "SELECT count(*) AS n FROM messages WHERE thread_id = ${t}"},
        ],
    },
    Scenario,
)


_TURN = msgspec.structs.replace(_CONVERSATION, id="ready", steps=_CONVERSATION.steps[:1])
AGAIN: Final = 0.2  # seconds between two turns of a server that is not ready yet


async def preflight(target: Target, seed: int, tidy: bool) -> Transcript:
    """
    Play the conversation. Raises whichever `ThreadgaugeError` says what is not as it was said to be.
    """
    await reach(target.wire.base, target.wire.limits.connect)
    transcript = await _converse(target, seed, tidy)
    if transcript.unsupported is not None:
        raise ProfileMismatch(f"profile {target.profile.profile} is not complete: {transcript.unsupported}")
    records = {record.index: record for record in transcript.records}
    if "1" not in records:
        raise ProfileMismatch(_not_begun(target, transcript))
    _answers(target, records["1"], "chat")
    _lists(target, records["2"], records["1"].exchanges[-1], str(transcript.bindings["canary"]))
    _calls_us(target, records["1"])
    _stores(target, records["3"])
    return transcript


def _not_begun(target: Target, transcript: Transcript) -> str:
    """
    Why there was no turn: what it needs could not be made first.
    """
    told = "there was no turn"
    for record in transcript.records:
        for exchange in record.exchanges:
            told = f"{exchange.request.method} {exchange.request.url} answered {exchange.status}, before any turn"
    name = target.profile.profile
    return f"{told}: does the base URL end where the paths of profile {name} begin? See `threadgauge doctor`."


async def reach(base: str, patience: float) -> None:
    """
    Raises `UsageError` for what is no URL of a server, `TargetUnreachable` where nobody answers at it.
    """
    _check_url(base)
    await _knock(base, patience)


async def has_answered(target: Target, patience: float) -> None:
    """
    Ask for a turn until one is answered: an open port is not yet a server. Raises `LaunchError`.
    """
    deadline = time.monotonic() + patience
    while (problem := _not_ready(target, await play_case(Case(_TURN, {}, target, tidy=True)))) is not None:
        if time.monotonic() > deadline:
            raise LaunchError(f"{target.wire.base} answered no turn within {patience:g} s: {problem}")
        await asyncio.sleep(AGAIN)


def _not_ready(target: Target, transcript: Transcript) -> str | None:
    if transcript.unsupported is not None or transcript.trouble is not None:
        raise LaunchError(transcript.unsupported or transcript.trouble)
    try:
        _answers(target, next(record for record in transcript.records if record.index == "1"), "chat")
    except (ProfileMismatch, StopIteration) as problem:
        return str(problem)
    return None


def _check_url(base: str) -> None:
    """
    A URL as a target has one: a scheme, a host, perhaps a port and a path.
    """
    try:
        parts = urlsplit(base)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, a bracket left open
        whole = False
    if not whole or re.search(r"[\s\x00-\x1f\x7f]", base):
        raise UsageError(f"{redact_url(base)} is not the URL of a server: write http://HOST:PORT or https://HOST.")
    if parts.username is not None:
        raise UsageError("credentials in the URL are not sent: give --header 'authorization: Basic ...' instead.")
    if parts.query or parts.fragment:
        raise UsageError(f"{redact_url(base)} has a query or a fragment: give the URL up to its path.")


async def _knock(base: str, patience: float) -> None:
    """
    Any answer will do; a server that hangs is not there either.
    """
    async with Wire(base, limits=Limits(connect=patience, answer=patience)) as wire:
        exchange = await wire.exchange(Send("knock", Request("GET", "/")), time.monotonic())
    if exchange.status is None:
        why = exchange.trouble or exchange.ended
        hint = "try http://" if "WRONG_VERSION_NUMBER" in why else "start the server, or correct the URL"
        raise TargetUnreachable(f"{base} does not answer ({why}): {hint}.")


async def _converse(target: Target, seed: int, tidy: bool) -> Transcript:
    """
    The conversation, in the time of one whole answer and some short ones.
    """
    limits = target.wire.limits
    longest = limits.answer + 2 * limits.connect
    try:
        async with asyncio.timeout(longest):
            return await play_case(Case(_CONVERSATION, {}, target, seed, tidy))
    except TimeoutError:
        raise TargetUnreachable(
            f"{target.wire.base} takes connections, but one turn and its messages were not there after {longest:g} s: "
            "see the server's log, or raise --timeout."
        ) from None


def _answers(target: Target, record: StepRecord, operation: str) -> None:
    declared = target.profile.operations[operation]  # type: ignore[index]
    exchange = record.exchanges[-1]
    asked = f"{exchange.request.method} {exchange.request.url}"
    if exchange.status not in declared.status:
        raise ProfileMismatch(
            f"{asked} answered {_said(exchange)}, profile {target.profile.profile} expects "
            f"{' or '.join(map(str, declared.status))}: {_way_out(exchange.status or 0)}"
        )
    empty = exchange.text is None or exchange.text.length == 0
    if operation == "chat" and empty:
        raise ProfileMismatch(
            f"{asked} answered {exchange.status}, but no text can be read in it as the profile's "
            f"{declared.stream.framing if declared.stream else declared.text}: correct `stream` or `text` of `chat`."
        )


def _lists(target: Target, record: StepRecord, turn: Exchange, canary: str) -> None:
    """
    A list that fails, or lacks what it should have, is the server's own and is judged; one that has it where the
    profile does not look would turn every scenario red.
    """
    status = record.exchanges[-1].status
    if status is not None and status >= 500:
        return
    _answers(target, record, "list_messages")
    answer = answer_text(turn, target.profile.operations["chat"])
    for one in mismapped(record, target.profile, f"{GREETING} {canary}", answer):
        text = f"profile {target.profile.profile} does not fit the list: {one.said}"
        raise ProfileMismatch(text, PLACES[one.about], one.fix)


def _way_out(status: int) -> str:
    if status in (401, 403):
        return "give credentials with --header 'authorization: Bearer ...'."
    if status in (301, 302, 307, 308):
        return "redirects are not followed; give the URL that it leads to."
    if status >= 500:
        return "the server fails at a plain turn; see its log, and that it reaches its model."
    return "is it the right profile, and the base URL without the path?"


def _said(exchange: Exchange) -> str:
    if exchange.status is None:
        return f"nothing ({exchange.trouble or exchange.ended})"
    start = exchange.body.whole if exchange.body is not None and exchange.body.whole else ""
    return f"{exchange.status} {start[:120]}".strip()


def _calls_us(target: Target, record: StepRecord) -> None:
    if target.upstream is not None and not record.calls:
        raise UpstreamSilent(
            f"{target.wire.base} answered a turn without calling the upstream witness: point its model URL "
            "(often OPENAI_BASE_URL) at the witness and restart it, or leave --upstream away."
        )


def _stores(target: Target, record: StepRecord) -> None:
    if "store" not in target.witnesses:
        return
    if record.unseen:
        raise StoreError(record.unseen[0].reason)
    if record.rows is not None and record.rows[0]["n"] == 0:
        raise StoreError(
            "the database holds no message of a turn that was just answered: is --db the target's own database, "
            f"and does the mapping of profile {target.profile.profile} read the right table?"
        )
