"""
After a failure: in which of the four places the conversation still is, in one sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conformance.engine.afterwards import AFTER
from conformance.model.outcome import Difference
from conformance.model.text import Text
from conformance.model.transcript import StepRecord, Transcript

__all__ = ["whereabouts"]


def whereabouts(transcript: Transcript, differences: Sequence[Difference]) -> str | None:
    """
    Where the texts of the finished turns were found after the failure: stored, listed, or neither.

    Nothing where no turn was finished, or nothing could be looked at.
    """
    told = list(_told(transcript.records))
    after = [record for record in transcript.records if record.index == AFTER]
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


def _told(records: Iterable[StepRecord]) -> Iterable[str]:
    answers = (record.exchanges[-1] for record in records if record.action == "chat" and record.exchanges)
    finished = (one for one in answers if one.ended == "clean" and one.status == 200)
    return (text for one in finished if (text := _whole(one.text)))


def _listed(record: StepRecord) -> Iterable[str]:
    return (text for message in record.messages or [] if (text := _whole(message.text)))


def _rows(record: StepRecord) -> Iterable[str]:
    return (str(row["text"]) for row in record.rows or [] if row.get("text"))


def _whole(text: Text | None) -> str | None:
    return text.whole if text is not None else None


def _part(place: str, told: Sequence[str], found: Sequence[str]) -> str:
    there = sum(text in found for text in told)
    if there == len(told):
        return f"all {len(told)} answers are {place}" if len(told) > 1 else f"the answer is {place}"
    return f"{there} of {len(told)} answers are {place}"


def _moral(told: Sequence[str], rows: Sequence[str], listed: Sequence[str], differences: Sequence[Difference]) -> str:
    kept = all(text in rows or text in listed for text in told)
    if kept and any(one.check == "prompt" for one in differences):
        return ": the history is kept but not sent as it should be"
    return ""
