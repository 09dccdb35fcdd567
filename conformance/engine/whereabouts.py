"""
After a failure: in which of the four places the conversation still is, in one sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from conformance.engine.afterwards import AFTER
from conformance.engine.support import indexed
from conformance.model.outcome import Difference
from conformance.model.profile import Profile
from conformance.model.text import Text
from conformance.model.transcript import Exchange, StepRecord, Transcript

__all__ = ["whereabouts"]

SHORTEST: Final = 8  # code points of what is taken for the beginning of an answer: a word may stand at the head of any


def whereabouts(transcript: Transcript, profile: Profile, differences: Sequence[Difference]) -> str | None:
    """
    Where the answers of the finished turns were found after the failure: stored, listed, or neither.

    Only of the threads that were looked at. Nothing where no turn was finished in them.
    """
    after = [record for record in transcript.records if record.index == AFTER]
    threads = {record.title.rpartition(" ")[2] for record in after}
    told = list(_told(transcript, profile, threads))
    listed = [text for record in after for text in _listed(record)]
    rows = [text for record in after for text in _rows(record)]
    looked = {record.action for record in after if record.messages is not None or record.rows is not None}
    if not told or not looked:
        return None
    parts = [
        _part("in the store", told, rows) if "query" in looked else "the store was not looked at",
        _part("listed by the API", told, listed) if "list_messages" in looked else "the list could not be read",
    ]
    return f"{', and '.join(parts)}{_moral(told, rows, listed, differences)}"


def _told(transcript: Transcript, profile: Profile, threads: Collection[str]) -> Iterable[str]:
    chats = {index: step.chat for index, step in indexed(transcript.scenario.steps) if step.chat is not None}
    for record in transcript.records:
        chat = chats.get(record.index)
        if chat is None or chat.thread not in threads or not record.exchanges:
            continue
        answer, text = record.exchanges[-1], _whole(record.exchanges[-1].text)
        if text and answer.ended == "clean" and answer.status in _declared(answer, profile):
            yield text


def _declared(answer: Exchange, profile: Profile) -> Collection[int]:
    return next((one.status for name, one in profile.operations.items() if name == answer.operation), [])


def _listed(record: StepRecord) -> Iterable[str]:
    return (text for message in record.messages or [] if (text := _whole(message.text)))


def _rows(record: StepRecord) -> Iterable[str]:
    return (str(row["text"]) for row in record.rows or [] if row.get("text"))


def _whole(text: Text | None) -> str | None:
    return text.whole if text is not None else None


def _part(place: str, told: Sequence[str], found: Sequence[str]) -> str:
    count, there = len(told), sum(text in found for text in told)
    begun = sum(text not in found and _is_begun(text, found) for text in told)
    if count == 1:
        of = "only the beginning of the answer is" if begun else f"the answer is{'' if there else ' not'}"
        return f"{of} {place}"
    if there == count or begun == count:
        every = f"{'both' if count == 2 else f'all {count}'} answers"
        return f"{every} are {place}" if there else f"of {every} only the beginning is {place}"
    cut = f", of {begun} only the beginning" if begun else ""
    return f"{there or 'none'} of the {count} answers {'are' if there > 1 else 'is'} {place}{cut}"


def _is_begun(text: str, found: Sequence[str]) -> bool:
    return any(len(one) >= SHORTEST and text.startswith(one) for one in found)


def _moral(told: Sequence[str], rows: Sequence[str], listed: Sequence[str], differences: Sequence[Difference]) -> str:
    kept = all(text in rows or text in listed for text in told)
    if kept and any(one.check == "prompt" for one in differences):
        return ": the history is kept but not sent as it should be"
    return ""
