"""
How long it took: what is the server's own time, and what cannot be told from it.
"""

from typing import Any

import msgspec
import pytest

from conformance.checks import examine
from conformance.checks.finding import Finding
from conformance.checks.seen import Seen
from conformance.checks.timing import figures
from conformance.model.outcome import Difference, Figure
from conformance.model.profile import Profile
from conformance.model.scenario import Expect, TimingMatch
from conformance.model.transcript import Exchange, GateMark, StepRecord, Unseen, UpstreamCall

PROFILE = msgspec.convert({"profile": "small", "title": "Small"}, Profile)
NAMES = {"target.first_text": "1s", "target.rate": 10}


def exchange(**fields: Any) -> Exchange:
    plain = {
        "operation": "chat",
        "request": {"method": "POST", "url": "http://t/"},
        "started": 1.0,
        "ended_at": 4.0,
        "ended": "clean",
        "status": 200,
    }
    return msgspec.convert({**plain, **fields}, Exchange)


def called(*gates: tuple[float, float]) -> UpstreamCall:
    return UpstreamCall(at=1.0, gates=[GateMark(gate="first-token", held_at=a, released_at=b) for a, b in gates])


def seen(
    one: Exchange, late: float = 0.0, calls: list[UpstreamCall] | None = None, waited: float = 0.0, **more: Any
) -> Seen:
    record = StepRecord(index="1", action="chat", title="chat", exchanges=[one], calls=calls, **more)
    return Seen(record, PROFILE, None, NAMES.__getitem__, late=late, waited=waited)


def found(want: dict[str, str], sight: Seen) -> list[Finding]:
    return examine(Expect(timing=msgspec.convert(want, TimingMatch)), sight)


def said(want: dict[str, str], sight: Seen) -> str:
    return "\n".join(line for one in found(want, sight) if isinstance(one, Difference) for line in one.lines)


def measured(want: dict[str, str], sight: Seen) -> list[Figure]:
    return list(figures(msgspec.convert(want, TimingMatch), sight))


def test_a_text_that_comes_in_time_is_no_finding():
    assert found({"first_text": "< ${target.first_text}"}, seen(exchange(first_text_at=1.9), calls=[called()])) == []


def test_a_text_that_comes_late_is_told():
    told = said({"first_text": "< ${target.first_text}"}, seen(exchange(first_text_at=2.5), calls=[called()]))

    assert told == "the first text came after 1.50 s, expected < 1s"


def test_the_time_for_which_the_model_was_held_is_not_the_servers():
    held = seen(exchange(first_text_at=3.3), calls=[called((1.1, 3.1))])

    assert found({"first_text": "< 1s"}, held) == []
    assert said({"first_text": "< 100ms"}, held) == (
        "the first text came after 300 ms, the model's 2.00 s not counted, expected < 100ms"
    )


def test_a_model_held_after_the_first_text_takes_nothing_off():
    assert said({"first_text": "< 1s"}, seen(exchange(first_text_at=2.5), calls=[called((2.6, 3.6))]))


def test_a_model_that_was_not_seen_may_have_taken_the_time():
    [one] = found({"first_text": "< 1s"}, seen(exchange(first_text_at=2.5), calls=None))

    assert isinstance(one, Unseen)
    assert one.reason.endswith("how much of it the model took was not seen")


def test_an_answer_that_is_in_time_with_its_model_is_in_time():
    assert found({"first_text": "< 1s"}, seen(exchange(first_text_at=1.9), calls=None)) == []


@pytest.mark.parametrize(("pieces", "told"), [(41, ""), (10, "10 pieces of text came in 2.00 s, expected >= 10")])
def test_a_rate_counts_the_pieces_after_the_first(pieces: int, told: str):
    one = exchange(first_text_at=2.0, delta_count=pieces, arrivals=[{"at": 2.0, "size": 1}, {"at": 4.0, "size": 1}])

    assert said({"rate": ">= ${target.rate}"}, seen(one)) == told


def test_an_answer_in_one_piece_has_no_rate():
    [one] = found({"rate": ">= 10"}, seen(exchange(first_text_at=2.0, delta_count=1)))

    assert isinstance(one, Unseen)


@pytest.mark.parametrize(("bound", "held"), [("< 3s", False), ("<= 3s", True), ("< 3001ms", True), ("< 50ms", False)])
def test_an_exchange_is_measured_whole(bound: str, held: bool):
    assert (found({"took": bound}, seen(exchange())) == []) is held


def test_the_lag_of_a_read_is_that_of_its_looks():
    assert said({"lag": "< 100ms"}, seen(exchange(), lag=0.52, attempts=9)) == (
        "it took 520 ms and 9 looks until it could be read, expected < 100ms"
    )


@pytest.mark.parametrize("late", [0.06, 2.96])
def test_our_own_lateness_is_not_held_against_the_server(late: float):
    [one] = found({"took": "< 50ms"}, seen(exchange(), late))

    assert isinstance(one, Unseen)
    assert "our own event loop was" in one.reason


def test_a_busy_machines_time_is_not_held_against_the_server():
    [one] = found({"took": "< 50ms"}, seen(exchange(), waited=2.96))

    assert isinstance(one, Unseen)
    assert one.by_chance
    assert one.reason == (
        "timing.took: chat took 3.00 s, but this machine was busy: this run's processes waited 2.960 s for a core"
    )


def test_a_wait_that_explains_nothing_excuses_nothing():
    assert isinstance(found({"took": "< 50ms"}, seen(exchange(), waited=2.9))[0], Difference)


def test_a_lateness_that_explains_nothing_excuses_nothing():
    assert isinstance(found({"took": "< 50ms"}, seen(exchange(), 0.02))[0], Difference)


def test_a_loop_later_than_the_pieces_are_apart_says_nothing_of_a_rate():
    one = exchange(first_text_at=2.0, delta_count=10, arrivals=[{"at": 4.0, "size": 1}])

    assert isinstance(found({"rate": ">= 10"}, seen(one, 0.11))[0], Unseen)


def test_what_holds_gives_a_figure_too():
    assert measured({"took": "< 5s"}, seen(exchange())) == [
        Figure(name="took", value=3.0, unit="s", target="< 5s", held=True)
    ]


def test_a_figure_says_whether_its_target_was_missed_or_could_not_be_told():
    assert [one.held for late in (0.0, 2.5) for one in measured({"took": "< 2s"}, seen(exchange(), late))] == [
        False,
        None,
    ]
