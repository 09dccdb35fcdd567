"""
The strict model: what it refuses, and in which words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

from conformance.checks.prompts import ill_formed
from conformance.model.scenario import Script
from conformance.model.transcript import UpstreamCall
from conformance.upstream.prompt import Prompt

__all__ = ["objections"]


def objections(script: Script, prompt: Prompt) -> Iterator[str]:
    """
    Why a strict model does not answer this prompt, a line each; nothing where it does.
    """
    if script.window is not None and len(prompt.raw) > script.window:
        yield f"the prompt has {len(prompt.raw)} messages, the model takes {script.window}"
    if script.strict != "lenient":
        call = UpstreamCall(at=time.monotonic(), messages=prompt.messages(), extra=prompt.extra())
        yield from ill_formed(call)
    if script.strict == "alternating":
        yield from _repeated(prompt)


def _repeated(prompt: Prompt) -> Iterator[str]:
    for place, (one, other) in enumerate(pairwise(prompt.raw)):
        if one["role"] == other["role"] and one["role"] in ("user", "assistant"):
            yield f"messages[{place}] and messages[{place + 1}] are both of the {one['role']}"
