"""
What can be judged where a real model answers (`--live`): not its words, not its haste, not its prompts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from conformance.checks.finding import Finding
from conformance.engine.support import missing_witness, not_ours, steps_of, unsupported
from conformance.model.expect import MessageMatch, TextMatch
from conformance.model.outcome import Difference
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario, Step
from conformance.model.transcript import StepRecord, Transcript, Unseen

__all__ = ["knowable", "model_failed", "turns_of", "unknowable_prompt", "untold", "without_advice"]

PROMPT: Final = "the prompt was not seen: a real model answers (--live)"

_SEEN_BEFORE: Final = re.compile(r"\$\{[\w.\[\]-]+\.text\}")  # nothing but the text of an earlier step
_CANARY: Final = "${canary"
_HASTE: Final = {"first_text": None, "rate": None, "took": None}
_OWN: Final = 500  # of the statuses for a model that failed, the one that a server's own mistakes have


def knowable(step: Step) -> Step:
    """
    The step without what it expects of a model's words and of its haste.
    """
    expect = step.expect
    if expect is None:
        return step
    if step.turn is not None:
        timing = None if expect.timing is None else msgspec.structs.replace(expect.timing, **_HASTE)
        expect = msgspec.structs.replace(expect, text=None if _is_about_words(expect.text) else expect.text)
        expect = msgspec.structs.replace(expect, timing=timing)
    elif expect.messages is not None:
        wordless = [msgspec.structs.replace(one, text=None) if _is_a_model_s(one) else one for one in expect.messages]
        expect = msgspec.structs.replace(expect, messages=wordless)
    return msgspec.structs.replace(step, expect=expect)


def untold(step: Step, record: StepRecord, whole: Sequence[Finding]) -> Iterator[Unseen]:
    """
    For each expectation that cannot be known one that says so, whether it held or not. `whole` are the findings of the
    step with all that it expects.
    """
    yield from (Unseen(witness="wire", reason=reason) for reason in _unknown(step, record, whole))


def without_advice(findings: Sequence[Finding]) -> list[Finding]:
    """
    Nobody who has a real model needs to be told to point its URL at us.
    """
    return [
        msgspec.structs.replace(one, reason=PROMPT) if isinstance(one, Unseen) and one.witness == "upstream" else one
        for one in findings
    ]


def model_failed(transcript: Transcript, profile: Profile, steps: Mapping[str, Step]) -> tuple[str, str] | None:
    """
    From which step on nothing can be told, and why: the target says that its model failed, and a real one may.
    """
    failing = {*profile.errors.upstream, *profile.errors.limited} - {_OWN}
    for record in transcript.records:
        step = steps.get(record.index)
        if step is None or step.turn is None or (step.expect and (step.expect.error or step.expect.status)):
            continue
        found = next((one.status for one in record.exchanges if one.status in failing), None)
        if found is not None:
            reason = f"step {record.index}: the target answered {found}, its model failed or refused (--live)"
            return record.index, reason
    return None


def unknowable_prompt(reason: str) -> str:
    """
    The reason why a scenario could not be played, without advice that does not go with a real model.
    """
    return f"{reason.partition(': ')[0]}: with --live a real model answers, and what it is told is not seen"


def turns_of(scenario: Scenario, profile: Profile, example: Mapping[str, Any], witnesses: frozenset[str]) -> int:
    """
    How often, at most, a scenario makes the target ask its model; none where it is not played.
    """
    left_out = unsupported(scenario, profile) or not_ours(scenario) or missing_witness(scenario, witnesses)
    return 0 if left_out else sum(_turns(step, profile, example) for step in steps_of(scenario))


def _turns(step: Step, profile: Profile, example: Mapping[str, Any]) -> int:
    if step.fill is not None:
        goal = re.sub(r"\$\{(\w+)\}", lambda found: str(example.get(found[1], "")), str(step.fill.to))
        return 0 if "add_message" in profile.operations else -(-int(goal or 0) // 2)
    may_ask = (step.turn, step.resend, step.spoil, step.create_run, step.regenerate, step.submit_tools)
    method = step.call.split()[0] if isinstance(step.call, str) else step.call and step.call.method
    return int(method == "POST" or any(one is not None for one in may_ask))


def _unknown(step: Step, record: StepRecord, findings: Sequence[Finding]) -> Iterator[str]:
    expect = step.expect
    if expect is None:
        return
    if step.turn is not None and _is_about_words(expect.text) and not _is_evidence(expect.text, findings):
        yield f"step {record.index}: what a real model says is not known, so its words were not judged (--live)"
    if step.turn is None and any(_is_a_model_s(one) for one in expect.messages or []):
        yield f"step {record.index}: what a real model has said is not known, and was not judged (--live)"
    timing = expect.timing
    if step.turn is not None and timing is not None and any(getattr(timing, name) is not None for name in _HASTE):
        yield f"step {record.index}: how fast a real model answers says nothing about the target (--live)"


def _is_of(finding: Finding, check: str) -> bool:
    return isinstance(finding, Difference) and finding.check == check


def _is_about_words(text: str | TextMatch | None) -> bool:
    """
    Whether a text is named that only the scripted model is sure to say. That there is one, and that it is an earlier
    step's, is known of any model.
    """
    if text is None or isinstance(text, str):
        return text is not None and not _SEEN_BEFORE.fullmatch(text)
    known = TextMatch(not_="")
    exact = text.equals is not None and _SEEN_BEFORE.fullmatch(text.equals)
    return text != known and not (exact and text == TextMatch(equals=text.equals))


def _is_evidence(text: str | TextMatch | None, findings: Sequence[Finding]) -> bool:
    """
    Whether the answer was seen to hold a random word of ours: nobody says that who was not told.
    """
    if any(_is_of(one, "text") for one in findings) or text is None:
        return False
    words = [text] if isinstance(text, str) else [text.equals or "", *_several(text.contains)]
    return any(_CANARY in one for one in words)


def _several(words: str | list[str] | None) -> list[str]:
    return [words] if isinstance(words, str) else list(words or [])


def _is_a_model_s(message: MessageMatch) -> bool:
    return message.role == "assistant" and _is_about_words(message.text)
