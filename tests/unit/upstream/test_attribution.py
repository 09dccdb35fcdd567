from dataclasses import dataclass

from conformance.engine.effects import Turn
from conformance.upstream.attribution import attributed


@dataclass
class Known:
    turn: Turn
    waiting: bool = True


def known(key: str, say: str, *canaries: str, waiting: bool = True) -> Known:
    return Known(Turn(key, say, canaries), waiting)


def found(said: str | None, texts: list[str], *turns: Known) -> tuple[str, str] | None:
    match = attributed(said, texts, turns)
    return (match[0].turn.key, match[1]) if match else None


def test_a_call_belongs_to_the_turn_that_said_its_last_user_message():
    turns = known("a", "Hi", "k1"), known("b", "Ho", "k2")

    assert found("Ho", ["k1", "Ho"], *turns) == ("b", "text")


def test_of_two_that_said_the_same_the_one_whose_canary_is_in_the_prompt():
    turns = known("a", "Name?", "k1"), known("b", "Name?", "k2")

    assert found("Name?", ["I am k2", "Name?"], *turns) == ("b", "text")


def test_of_two_that_said_the_same_the_oldest_that_was_not_called():
    turns = known("a", "Hi", waiting=False), known("b", "Hi"), known("c", "Hi")

    assert found("Hi", ["Hi"], *turns) == ("b", "text")


def test_a_retry_belongs_to_the_turn_that_was_sent_last():
    turns = known("a", "Hi", waiting=False), known("b", "Hi", waiting=False)

    assert found("Hi", ["Hi"], *turns) == ("b", "text")


def test_a_changed_text_is_known_by_its_canary():
    assert found("User said: k1!", ["User said: k1!"], known("a", "k1!", "k1")) == ("a", "canary")


def test_the_canary_of_the_last_user_message_counts_before_any_other():
    turns = known("a", "x", "k1"), known("b", "y", "k2")

    assert found("about k1", ["about k1", "tool says k2"], *turns) == ("a", "canary")


def test_the_newest_message_with_a_canary_counts():
    turns = known("a", "x", "k1"), known("b", "y", "k2")

    assert found("title?", ["k2", "k1", "title?"], *turns) == ("a", "canary")


def test_the_newest_turn_with_the_canary_counts():
    turns = known("a", "x", "k1"), known("b", "y", "k1")

    assert found("title?", ["k1", "title?"], *turns) == ("b", "canary")


def test_a_prompt_without_a_user_is_known_by_its_canary():
    assert found(None, ["Summarise: k1"], known("a", "x", "k1")) == ("a", "canary")


def test_a_call_of_nobody_belongs_to_nobody():
    assert found("Hello", ["Hello"], known("a", "x", "k1"), known("b", "y")) is None
