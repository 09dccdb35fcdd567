"""
What a failure says of where its turns still are: of those that it is about, and never more than was seen.
"""

from typing import Any

import msgspec
import pytest

from conformance.engine.judge import judge
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario
from conformance.model.transcript import Exchange, Message, SentRequest, StepRecord, StreamEnd, Transcript, UpstreamCall
from conformance.text.digest import text_of

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "Small",
        "operations": {
            "chat": {"request": {"method": "POST", "path": "/chat"}, "stream": {"framing": "raw-text"}},
            "list_messages": {
                "request": {"method": "GET", "path": "/threads/${thread}"},
                "items": "$.data[*]",
                "fields": {"role": "$.role", "text": "$.content"},
            },
        },
    },
    Profile,
)
FIRST, SECOND = "The first answer,\r\nof two lines.", "The second answer."
THEN = "And then?"
ONE = {"chat": {"thread": "t", "say": "Hi"}}
TWO = {"chat": {"thread": "t", "say": THEN}}


def message(text: str, role: str = "assistant") -> Message:
    return Message(role=role, text=text_of(text))


def turn(index: str, text: str, prompt: list[Message] | None = None, status: int = 200) -> StepRecord:
    exchange = Exchange(
        operation="chat",
        request=SentRequest(method="POST", url="http://t/chat"),
        started=float(index),
        ended_at=float(index) + 0.5,
        ended="clean",
        status=status,
        text=text_of(text),
        end=StreamEnd(terminal="done"),
    )
    calls = [UpstreamCall(at=0.0, messages=prompt or [message("Hi", "user")], outcome="answered", answer=text_of(text))]
    return StepRecord(index=index, action="chat", title="chat", exchanges=[exchange], calls=calls)


def listed(index: str, *texts: str | Message, thread: str = "t") -> StepRecord:
    messages = [one if isinstance(one, Message) else message(one) for one in texts]
    return StepRecord(index=index, action="list_messages", title=f"list_messages {thread}", messages=messages)


def stored(*texts: str, thread: str = "t") -> StepRecord:
    rows = [{"role": "assistant", "text": text} for text in texts]
    return StepRecord(index="after", action="query", title=f"rows of {thread}", rows=rows)


def also(steps: list[dict[str, Any]], *records: StepRecord) -> str | None:
    asked = msgspec.convert({"id": "area/one", "title": "One", "steps": steps}, Scenario)
    bindings = {"t": "t-1", "u": "u-1"}
    transcript = Transcript(
        scenario=asked, profile="small", target="", seed=1, started="", records=list(records), bindings=bindings
    )
    return judge(transcript, PROFILE, {}).also


def of_one(*kept: str, said: str = FIRST) -> str | None:
    """
    Where one turn's answer is said to be, if this is listed besides its question.
    """
    return also([{**ONE, "expect": {"text": "Bye"}}], turn("1", said), listed("after", "Hi", *kept))


def test_it_is_told_of_the_failing_turn_and_no_other():
    failing = [ONE, {**TWO, "expect": {"text": "Bye"}}]

    told = also(failing, turn("1", FIRST), turn("2", SECOND), stored(THEN, SECOND), listed("after", THEN, SECOND))

    assert told == "the answer is in the store, and the answer is listed by the API"


def test_a_list_is_about_the_turns_before_it_in_its_thread():
    other = {"chat": {"thread": "u", "say": "Hello"}}
    look = {"list_messages": {"thread": "t"}, "expect": {"count": 4}}
    steps = [ONE, other, look, TWO]
    seen = [turn("1", FIRST), turn("2", "Of the other thread."), listed("3", "x"), turn("4", SECOND)]

    told = also(steps, *seen, listed("after", "Hi", FIRST), listed("after", thread="u"))

    assert told == "the store was not looked at, and the answer is listed by the API"


def test_a_query_is_about_the_threads_that_it_names():
    look = {"query": "SELECT text FROM messages WHERE thread_id = ${t}", "expect": {"rows": [{"text": "other"}]}}
    asked = StepRecord(index="2", action="query", title="query", rows=[{"text": "damaged"}])

    assert also([ONE, look], turn("1", FIRST), asked, stored(FIRST), listed("after", FIRST)) is not None


def test_a_query_of_threads_is_about_no_turn():
    look = {"query": "SELECT title FROM threads WHERE id = ${t}", "expect": {"rows": [{"title": "other"}]}}
    asked = StepRecord(index="2", action="query", title="query", rows=[{"title": "none"}])

    assert also([ONE, look], turn("1", FIRST), asked, stored(FIRST), listed("after", FIRST)) is None


def test_a_turn_that_failed_is_not_told_by_another_one():
    assert also([ONE, TWO], turn("1", FIRST), turn("2", "", status=500), stored(FIRST), listed("after", FIRST)) is None


@pytest.mark.parametrize(
    "kept",
    [FIRST.replace("\r\n", "\n"), f"{FIRST} (copied)", FIRST.replace("two", "2"), FIRST.replace("lines", "l&#105;nes")],
)
def test_an_answer_with_another_text_is_there_but_not_the_same(kept: str):
    told = "the store was not looked at; the answer is listed by the API, but not with the same text"

    assert of_one(kept) == told


def test_an_answer_that_was_streamed_wrong_is_kept_as_the_model_said_it():
    streamed = turn("1", "torn")
    calls = [msgspec.structs.replace(one, answer=text_of(SECOND)) for one in streamed.calls or []]
    right = msgspec.structs.replace(streamed, calls=calls)

    told = also([{**ONE, "expect": {"text": SECOND}}], right, listed("after", "Hi", SECOND))

    assert (told or "").endswith("the answer is listed by the API, but not with the same text")


@pytest.mark.parametrize("kept", [[], ["Something else, of the same length"], ["Hi"]])
def test_an_answer_of_which_nothing_is_there_is_not_there(kept: list[str]):
    assert of_one(*kept) == "the store was not looked at, and the answer is not listed by the API"


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (["A long\r\nquestion"], "the answer is listed by the API"),
        (["A long\nquestion"], "the answer is listed by the API, and its question with another text"),
        (["A long\r\n"], "the answer is listed by the API, and only the beginning of its question"),
        ([], "the answer is listed by the API, and its question is not"),
    ],
)
def test_the_question_is_told_of_where_it_is_not_as_it_was_asked(kept: list[str], told: str):
    step = {"chat": {"thread": "t", "say": "A long\r\nquestion"}, "expect": {"text": "x"}}

    assert (also([step], turn("1", FIRST), listed("after", *kept, FIRST)) or "").endswith(f" {told}")


def test_several_questions_are_counted():
    steps = [{**ONE, "expect": {"text": "x"}}, {**TWO, "expect": {"text": "x"}}]

    told = also(steps, turn("1", FIRST), turn("2", SECOND), listed("after", "Hi", FIRST, SECOND))

    assert (told or "").endswith("both answers are listed by the API, 1 of their questions not")


def test_a_turn_of_which_nothing_is_left_is_told_in_one():
    told = also([{**ONE, "expect": {"text": "x"}}], turn("1", FIRST), stored(), listed("after"))

    assert told == "neither question nor answer is in the store, and neither question nor answer is listed by the API"


def test_a_question_is_not_the_beginning_of_its_answer():
    said = "Hello there, echo."
    step = {"chat": {"thread": "t", "say": "Hello there"}, "expect": {"text": "x"}}

    told = also([step], turn("1", said), listed("after", message("Hello there", "user")))

    assert (told or "").endswith("the answer is not listed by the API")


def test_another_turns_answer_is_not_this_one_changed():
    first, second = "The answer number one.", "The answer number two."
    steps = [ONE, {**TWO, "expect": {"text": "x"}}]

    told = also(steps, turn("1", first), turn("2", second), listed("after", THEN, first))

    assert (told or "").endswith("the answer is not listed by the API")


def prompted(kept: list[str | Message], sent: list[Message]) -> str:
    """
    What is told where the second prompt is not the expected one.
    """
    steps = [ONE, {**TWO, "expect": {"prompt": [{"role": "user", "text": "nothing of the kind"}]}}]
    return also(steps, turn("1", FIRST), turn("2", SECOND, sent), listed("after", *kept)) or ""


KEPT_NOT_SENT = ": the history is kept but not sent as it should be"
HISTORY = [message("Hi", "user"), message(FIRST)]
NEW = message(THEN, "user")


def test_a_history_that_is_kept_and_not_sent_is_called_so():
    assert prompted([*HISTORY, NEW], [NEW]).endswith(KEPT_NOT_SENT)


def test_a_history_whose_text_has_changed_is_not_kept():
    assert KEPT_NOT_SENT not in prompted([HISTORY[0], FIRST.replace("\r", "")], [HISTORY[0], NEW])


def test_a_history_without_its_question_is_not_kept():
    assert KEPT_NOT_SENT not in prompted([FIRST], [NEW])


def test_a_prompt_with_the_whole_history_was_sent_it():
    assert KEPT_NOT_SENT not in prompted([*HISTORY, NEW], [message("Be kind.", "system"), *HISTORY, NEW])


def test_a_prompt_is_about_what_was_said_before_it():
    assert prompted(["Hi", FIRST.replace("two", "2")], [HISTORY[0], NEW]).endswith(
        "the answer is listed by the API, but not with the same text"
    )
