"""
Our event loop, and the order in which scenarios are begun on it.
"""

from __future__ import annotations

from conformance.driver import loop
from conformance.driver.scheduling import LoopLag, shuffled


class Loud:
    """
    Remembers that it was written out as text, which takes seconds where it is a whole run.
    """

    written = False

    def __repr__(self) -> str:
        self.written = True
        return "Loud"


def test_a_result_is_never_written_out_as_text() -> None:
    result = Loud()

    async def made() -> Loud:
        return result

    assert loop.run(made()) is result
    assert not result.written


def test_a_random_order_has_everything_and_is_the_seeds() -> None:
    chosen = list(range(100))

    assert sorted(shuffled(chosen, 7)) == chosen
    assert shuffled(chosen, 7) == shuffled(chosen, 7)
    assert len({tuple(shuffled(chosen, seed)) for seed in range(10)}) == 10


def test_the_lag_since_a_moment_is_the_worst_that_came_after_it() -> None:
    lag = LoopLag()
    for at, late in [(1, 0.2), (2, 0.4), (3, 0.1), (4, 0.3), (5, 0.05)]:
        lag.saw(at, late)

    assert [lag.since(moment) for moment in (0, 1, 2, 2.5, 4, 4.5, 5, 6)] == [0.4, 0.4, 0.4, 0.3, 0.3, 0.05, 0.05, 0.0]
