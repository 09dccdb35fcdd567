"""
After a failure: in which of the four places the turns that it is about still are, in one sentence.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from conformance.engine.afterwards import AFTER
from conformance.engine.concerned import Finished, concerned, finished, is_of_history
from conformance.engine.turns import calls_of
from conformance.model.outcome import Difference
from conformance.model.profile import Profile
from conformance.model.text import Text
from conformance.model.transcript import StepRecord, Transcript
from conformance.text.digest import text_of

__all__ = ["whereabouts"]

SHORTEST: Final = 8  # code points of what is taken for the beginning of an answer: a word may stand at the head of any
NEAR: Final = 2**16  # code points: to see whether two longer texts are nearly the same takes too long
Fate = Literal["same", "begun", "changed", "gone", "unknown"]


@dataclass(frozen=True, slots=True)
class Place:
    """
    What was found in one place: the texts of each thread that was looked at there.
    """

    name: str
    blind: str
    texts: dict[str, list[Text]]


def whereabouts(transcript: Transcript, profile: Profile, differences: Sequence[Difference]) -> str | None:
    """
    Where the answers that a failure is about were found after it: stored, listed, or neither, and whether as streamed.

    Only of the threads that were looked at. Nothing where no turn was finished in them, or it cannot be told.
    """
    places = _places([record for record in transcript.records if record.index == AFTER])
    every = list(finished(transcript, profile))
    seen = {thread for place in places for thread in place.texts}
    told = [turn for turn in concerned(transcript, every, differences) if turn.thread in seen]
    parts = [_part(place, told, every) for place in places]
    if not told or None in parts:
        return None
    said = [part for part in parts if part is not None]
    found = ("; " if any("," in part for part in said) else ", and ").join(said)
    return found + _moral(told, places, transcript.records, differences)


def _places(after: Sequence[StepRecord]) -> list[Place]:
    stored = {_thread(one): _rows(one) for one in after if one.rows is not None}
    listed = {_thread(one): _listed(one) for one in after if one.messages is not None}
    return [
        Place("in the store", "the store was not looked at", stored),
        Place("listed by the API", "the list could not be read", listed),
    ]


def _thread(record: StepRecord) -> str:
    return record.title.rpartition(" ")[2]


def _listed(record: StepRecord) -> list[Text]:
    return [message.text for message in record.messages or [] if message.text is not None]


def _rows(record: StepRecord) -> list[Text]:
    return [text_of(str(row["text"])) for row in record.rows or [] if row.get("text")]


def _part(place: Place, told: Sequence[Finished], every: Sequence[Finished]) -> str | None:
    """
    What is to be said of one place; nothing if that would be a guess.
    """
    if any(turn.thread not in place.texts for turn in told):
        return place.blind
    found = {turn.thread: place.texts[turn.thread] for turn in told}
    fates = [_fate(turn.answer, _meant(turn), found[turn.thread], _others(turn.answer, every)) for turn in told]
    asked = [
        _fate(turn.question, [], found[turn.thread], _others(turn.question, every)) if turn.question else "unknown"
        for turn in told
    ]
    if "unknown" in fates:
        return None
    if len(fates) == 1:
        return _of_one(fates[0], asked[0], place.name)
    return _of_several(fates, place.name) + _of_questions(asked)


def _of_one(fate: Fate, asked: Fate, place: str) -> str:
    if fate == "gone":
        return f"neither question nor answer is {place}" if asked == "gone" else f"the answer is not {place}"
    words: dict[Fate, str] = {
        "same": f"the answer is {place}",
        "begun": f"only the beginning of the answer is {place}",
        "changed": f"the answer is {place}, but not with the same text",
    }
    question: dict[Fate, str] = {
        "begun": ", and only the beginning of its question",
        "changed": ", and its question with another text",
        "gone": ", and its question is not",
    }
    return words[fate] + question.get(asked, "")


def _of_several(fates: Sequence[Fate], place: str) -> str:
    count, there = len(fates), fates.count("same")
    begun, changed = fates.count("begun"), fates.count("changed")
    every = f"{'both' if count == 2 else f'all {count}'} answers"
    if begun == count:
        return f"of {every} only the beginning is {place}"
    if count in (there, changed):
        return f"{every} are {place}" + (", but not with the same text" if changed else "")
    cut = f", of {begun} only the beginning" if begun else ""
    other = f", {changed} with another text" if changed else ""
    return f"{there or 'none'} of the {count} answers {'are' if there > 1 else 'is'} {place}{cut}{other}"


def _of_questions(asked: Sequence[Fate]) -> str:
    words: dict[Fate, str] = {
        "begun": "only the beginning of {} of their questions",
        "changed": "{} of their questions with another text",
        "gone": "{} of their questions not",
    }
    return "".join(f", {told.format(asked.count(fate))}" for fate, told in words.items() if fate in asked)


def _fate(text: Text, meant: Collection[Text], found: Sequence[Text], others: Collection[Text]) -> Fate:
    """
    What became of one text, or of what was meant by it, among those found. What is known to be another one counts not.
    """
    if text in found:
        return "same"
    if text.whole is None or any(one.whole is None for one in found):
        return "unknown"
    rest = [one for one in found if one not in others]
    if any(_begins(one.whole, text.whole) for one in rest):
        return "begun"
    if any(one in meant or _is_nearly(one.whole, text.whole) for one in rest):
        return "changed"
    return "gone"


def _meant(turn: Finished) -> list[Text]:
    return [call.answer for call in calls_of(turn.record) if call.answer is not None]


def _others(text: Text, every: Sequence[Finished]) -> set[Text]:
    """
    The questions and answers that are not this text.
    """
    known = {one for turn in every for one in (turn.question, turn.answer) if one is not None}
    return known - {text}


def _begins(one: str | None, text: str) -> bool:
    return one is not None and len(one) >= SHORTEST and text.startswith(one)


def _is_nearly(one: str | None, text: str) -> bool:
    """
    Whether a text is another one after a journey: blanks, line ends, markup or accents written otherwise, something
    added around it, or a change in one place that left the larger part of it as it was.
    """
    if one is None or max(len(one), len(text)) > NEAR or min(len(one), len(text)) < SHORTEST:
        return False
    if _plain(one) == _plain(text) or text in one:
        return True
    shared = _alike(one, text)
    rest = min(len(one), len(text)) - shared
    return 2 * (shared + min(_alike(one[::-1], text[::-1]), rest)) > max(len(one), len(text), 2 * SHORTEST)


def _alike(one: str, text: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, text, strict=False)))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", html.unescape(text)).split())


def _moral(
    told: Sequence[Finished], places: Sequence[Place], records: Sequence[StepRecord], differences: Sequence[Difference]
) -> str:
    """
    Where a prompt lacks turns that are kept, question and answer, they were lost on the way out.
    """
    failing = {one.step for one in differences if is_of_history(one)}
    prompts = [call for record in records if record.index in failing for call in calls_of(record)[:1]]
    lost = [turn for turn in told if any(not _is_in(turn, [one.text for one in call.messages]) for call in prompts)]
    if lost and all(any(_is_in(turn, place.texts.get(turn.thread, [])) for place in places) for turn in lost):
        return ": the history is kept but not sent as it should be"
    return ""


def _is_in(turn: Finished, texts: Collection[Text | None]) -> bool:
    return turn.question is not None and turn.question in texts and turn.answer in texts
