"""
What the witness remembers, without a socket.
"""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from conformance.engine.effects import Turn
from conformance.model.scenario import Script
from conformance.upstream.prompt import Prompt, parsed
from conformance.upstream.witness import Witness


def said(text: str) -> Prompt:
    return parsed(json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode())


def ran(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def test_a_held_call_goes_on_when_it_is_released():
    async def story() -> Any:
        witness = Witness()
        await witness.register(Turn("t", "Hi"))
        gate = witness.admit(said("Hi")).reach("done")
        held = await witness.held("t", 5)
        await witness.release("t", "text")
        await witness.release("t", "steps")
        return held, gate.opening.done(), gate.mark.by

    assert ran(story()) == (True, True, "text")


def test_a_gate_that_was_opened_before_is_passed_and_marked():
    async def story() -> Any:
        witness = Witness()
        await witness.register(Turn("t", "Hi"))
        await witness.release("t", "text")
        await witness.release("t", "end")
        witness.admit(said("Hi")).reach("last-token")
        [call] = await witness.calls("t")
        return await witness.held("t", 0.0), call.gates[0].by, call.gates[0].released_at is not None

    assert ran(story()) == (False, "text", True)


def test_one_may_wait_for_a_turn_before_it_is_registered():
    async def story() -> Any:
        witness = Witness()
        waiting = asyncio.ensure_future(witness.held("t", 5))
        await asyncio.sleep(0)
        await witness.register(Turn("t", "Hi"))
        await asyncio.sleep(0)
        call = witness.admit(said("Hi"))
        await asyncio.sleep(0)
        call.reach("headers")
        return await waiting

    assert ran(story()) is True


def test_a_turn_whose_calls_have_ended_will_not_be_held():
    async def story() -> Any:
        witness = Witness()
        await witness.register(Turn("t", "Hi"))
        waiting = asyncio.ensure_future(witness.held("t", 5))
        await asyncio.sleep(0)
        witness.admit(said("Hi")).end("answered")
        return await waiting

    assert ran(story()) is False


def test_a_turn_that_is_never_called_is_not_held():
    assert ran(Witness().held("t", 0.0)) is False


def test_only_the_first_calls_follow_a_script_with_times():
    script = Script(refuse=500, times=2)

    async def story() -> Any:
        witness = Witness()
        await witness.register(Turn("t", "Hi", script=script))
        return [witness.admit(said("Hi")).script for _ in range(3)]

    assert ran(story()) == [script, script, Script()]


def test_calls_of_nobody_are_counted_and_shown():
    async def story() -> Any:
        witness = Witness()
        witness.admit(said("Hello? \ud83d"))
        witness.refuse("no JSON")
        return await witness.state()

    state = ran(story())

    assert (state.calls_seen, state.unattributed, state.strays) == (2, 2, ["Hello? \ufffd", "no JSON"])


def test_a_forgotten_turn_is_gone_and_its_calls_go_on():
    async def story() -> Any:
        witness = Witness()
        await witness.register(Turn("t", "Hi"))
        gate = witness.admit(said("Hi")).reach("done")
        await witness.forget("t")
        return gate.opening.done(), await witness.calls("t")

    assert ran(story()) == (True, [])


def test_a_turn_that_was_let_go_uncalled_does_not_take_the_call_of_another():
    async def story() -> Any:
        witness = Witness()
        await witness.register(Turn("refused", "Test"))
        await witness.release("refused", "end")
        await witness.register(Turn("t", "Test"))
        witness.admit(said("Test"))
        return len(await witness.calls("refused")), len(await witness.calls("t"))

    assert ran(story()) == (0, 1)


def test_who_leaves_after_the_finish_has_the_answer():
    async def story() -> Any:
        witness = Witness()
        await witness.register(Turn("t", "Hi"))
        call = witness.admit(said("Hi"))
        call.complete()
        call.end("left")
        call.end("cut")
        return (await witness.calls("t"))[0].outcome

    assert ran(story()) == "answered"
