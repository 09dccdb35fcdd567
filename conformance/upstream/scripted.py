"""
From a script and a prompt to acts: where every answer begins.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from conformance.model.scenario import Script
from conformance.upstream.acts import Act, Cut, End, Head, Hold
from conformance.upstream.answers import plain_answer
from conformance.upstream.bodies import Completion, refusal
from conformance.upstream.deltas import deltas_of
from conformance.upstream.framing import json_bytes
from conformance.upstream.prompt import Prompt
from conformance.upstream.streamed import Streaming
from conformance.upstream.whole import whole

__all__ = ["acts_of"]


def acts_of(script: Script, prompt: Prompt, number: int) -> Iterator[Act]:
    """
    What is done for a call; `number` makes its id.
    """
    if script.hold == "headers":
        yield Hold("headers")
    if script.refuse is not None:
        yield from _refused(script.refuse)
        return
    deltas = deltas_of(script, lambda: plain_answer(prompt.users, len(prompt.raw)))
    completion = Completion(
        id=f"chatcmpl-{number:08d}",
        created=int(time.time()),
        model=prompt.model or "threadgauge",
        read=sum(map(len, prompt.texts)),
        usage=prompt.usage if script.usage is None else script.usage,
    )
    yield from Streaming(script, deltas, completion).acts() if prompt.stream else whole(script, deltas, completion)


def _refused(how: str | int) -> Iterator[Act]:
    if isinstance(how, str):
        yield Cut("rst", outcome="refused")
        return
    body = json_bytes(refusal(how))
    yield Head(how, size=len(body), headers=(("Retry-After", "1"),) if how == 429 else ())
    yield End("refused", body)
