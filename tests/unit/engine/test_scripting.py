"""
Named scripts in the place of their names.
"""

from typing import Any

import msgspec

from conformance.engine.scripting import scripted
from conformance.model.scenario import Scenario
from conformance.model.script import Script


def made(**model: Any) -> Scenario:
    chat = {"chat": {"thread": "t", "say": "Hi", "model": model}}
    return msgspec.convert(
        {
            "id": "a/b",
            "title": "T",
            "scripts": {"late": {"cut_after": 3, "cut": "fin"}, "refused": {"refuse": 503}},
            "steps": [{"together": [chat, chat]}],
        },
        Scenario,
    )


def model_of(scenario: Scenario) -> Script | None:
    [step] = scenario.steps
    assert step.together is not None
    chat = step.together[1].chat
    assert chat is not None
    return chat.model


def test_an_example_chooses_a_script():
    assert model_of(scripted(made(script="${x}"), {"x": "refused"})) == Script(refuse=503)


def test_what_the_step_says_counts_first():
    asked = scripted(made(script="late", answer=["a"], cut_after=1), {})

    assert model_of(asked) == Script(cut_after=1, cut="fin", answer=["a"])


def test_a_script_without_a_name_stays():
    assert model_of(scripted(made(refuse=500), {})) == Script(refuse=500)
