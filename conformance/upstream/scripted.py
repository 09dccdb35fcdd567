"""
From a script and a prompt to acts: where every answer begins.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from conformance.model.scenario import Script
from conformance.model.text import Text
from conformance.text.digest import text_of
from conformance.text.surrogates import paired
from conformance.upstream.acts import Act, Cut, End, Head, Hold, Stall
from conformance.upstream.answers import plain_answer
from conformance.upstream.bodies import Completion, error, refusal
from conformance.upstream.deltas import Deltas, deltas_of
from conformance.upstream.framing import json_bytes
from conformance.upstream.prompt import Prompt
from conformance.upstream.streamed import Streaming
from conformance.upstream.strictness import objections
from conformance.upstream.whole import whole

__all__ = ["acts_of", "meant"]

LONGEST: Final = 2**20  # code points: an essay is made while it is sent, and is not made again to be compared


def acts_of(script: Script, prompt: Prompt, number: int) -> Iterator[Act]:
    """
    What is done for a call; `number` makes its id.
    """
    if script.hold == "headers":
        yield Hold("headers")
    if script.refuse is not None:
        yield from _refused(script.refuse)
        return
    if wrong := list(objections(script, prompt)):
        yield from _told(400, error("; ".join(wrong)))
        return
    deltas = _deltas(script, prompt)
    completion = Completion(
        id=f"chatcmpl-{number:08d}",
        created=int(time.time()),
        model=prompt.model or "threadgauge",
        read=sum(map(len, prompt.texts)),
        usage=prompt.usage if script.usage is None else script.usage,
    )
    yield from Streaming(script, deltas, completion).acts() if prompt.stream else whole(script, deltas, completion)


def meant(script: Script, prompt: Prompt) -> Text | None:
    """
    The text of a call's answer, whole; nothing where there is none to be sent, or it is too long to be made twice.
    """
    essay = script.answer.get("essay") if isinstance(script.answer, dict) else 0
    if script.refuse is not None or int(essay or 0) > LONGEST:
        return None
    text = "".join(_deltas(script, prompt))
    return text_of(text if text.isascii() else paired(text))


def _deltas(script: Script, prompt: Prompt) -> Deltas:
    return deltas_of(script, lambda: plain_answer(prompt.users, len(prompt.raw)))


def _refused(how: str | int) -> Iterator[Act]:
    if isinstance(how, str):
        yield Stall() if how == "silence" else Cut("rst", outcome="refused")
        return
    yield from _told(how, refusal(how))


def _told(status: int, refused: dict[str, Any]) -> Iterator[Act]:
    body = json_bytes(refused)
    yield Head(status, size=len(body), headers=(("Retry-After", "1"),) if status == 429 else ())
    yield End("refused", body)
