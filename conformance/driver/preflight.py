"""
Before anything is judged: is the target there, does it speak the profile, is the store the one, is the model ours?

One short conversation is played by the ordinary engine. What it shows is told in one sentence, as an error, so that a
wrong URL is never a wall of failed scenarios.
"""

from __future__ import annotations

import dataclasses
import time

import msgspec

from conformance.driver.desk import Target
from conformance.driver.http import Limits, Wire
from conformance.driver.scheduling import Case, play_case
from conformance.engine.effects import Request, Send
from conformance.errors import ProfileMismatch, StoreError, TargetUnreachable, UpstreamSilent
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, StepRecord, Transcript

__all__ = ["preflight"]

_CONVERSATION = msgspec.convert(
    {
        "id": "preflight",
        "title": "One turn, listed and stored",
        "steps": [
            {"chat": {"thread": "t", "say": "Hello ${canary}"}, "as": "turn"},
            {"list_messages": {"thread": "t"}, "expect": {"count": ">= 2"}},
            {"query": "SELECT count(*) AS n FROM messages WHERE thread_id = ${t}"},
        ],
    },
    Scenario,
)


async def preflight(target: Target, seed: int, tidy: bool) -> Transcript:
    """
    Play the conversation. Raises `TargetUnreachable`, `ProfileMismatch`, `UpstreamSilent` or `StoreError`.
    """
    await _knock(target.wire.base)
    transcript = await play_case(Case(_CONVERSATION, {}, target, seed, tidy))
    if transcript.unsupported is not None:
        raise ProfileMismatch(f"profile {target.profile.profile} is not complete: {transcript.unsupported}")
    records = {record.index: record for record in transcript.records}
    _answers(target, records["1"], "chat")
    _answers(target, records["2"], "list_messages")
    _calls_us(target, records["1"])
    _stores(target, records["3"])
    return transcript


async def _knock(base: str) -> None:
    """
    Any answer will do; a server that hangs is not there either.
    """
    async with Wire(base, limits=dataclasses.replace(Limits(), answer=Limits().connect)) as wire:
        exchange = await wire.exchange(Send("knock", Request("GET", "/")), time.monotonic())
    if exchange.status is None:
        why = exchange.trouble or exchange.ended
        raise TargetUnreachable(f"{base} does not answer ({why}): start the server, or correct the URL.")


def _answers(target: Target, record: StepRecord, operation: str) -> None:
    declared = target.profile.operations[operation]  # type: ignore[index]
    exchange = record.exchanges[-1]
    asked = f"{exchange.request.method} {exchange.request.url}"
    if exchange.status not in declared.status:
        raise ProfileMismatch(
            f"{asked} answered {_said(exchange)}, profile {target.profile.profile} expects "
            f"{' or '.join(map(str, declared.status))}: is it the right profile, and the base URL without the path?"
        )
    empty = exchange.text is None or exchange.text.length == 0
    if operation == "chat" and empty:
        raise ProfileMismatch(
            f"{asked} answered {exchange.status}, but no text can be read in it as the profile's "
            f"{declared.stream.framing if declared.stream else declared.text}: correct `stream` or `text` of `chat`."
        )


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
