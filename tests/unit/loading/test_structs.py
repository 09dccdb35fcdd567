"""
Documents to structs: every mistake of a file, each at its place, with a way out.
"""

import gc
import re
from pathlib import Path

import pytest

import conformance.model
from conformance.errors import DocumentsInvalid
from conformance.loading.structs import as_struct
from conformance.loading.wording import _FORMS
from conformance.loading.yaml_document import parse_document
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

HEAD = "id: a/b\ntitle: A title\nsteps:\n"


def refusals(text: str, kind: type = Scenario) -> list[str]:
    document = parse_document(text, "a.yaml")
    with pytest.raises(DocumentsInvalid) as caught:
        as_struct(kind, document.value, document)
    return [str(problem).removeprefix("a.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("chat: {thread: t, say: x}\n    expcet: {}", "5:5: unknown field `expcet`\n  hint: did you mean `expect`?"),
        ("health: {}\n    expect: {stauts: 1}", "5:14: unknown field `stauts`\n  hint: did you mean `status`?"),
        (
            "health: {}\n    expect: {status: 9xx}",
            "5:22: `status` cannot be `9xx`\n  hint: did you mean `5xx`? It is one of ",
        ),
        (
            "health: {}\n    expect: {headers: {a: 3}}",
            "5:27: `a`: expected text or a mapping, got a whole number\n  hint: quote",
        ),
        ("health: {}\n    expect: {count: many}", '5:21: `count`: `many` is not a number or a condition: `">= 20"`'),
        ("chat: {say: x}", "4:5: `chat` needs `thread`"),
        (
            "chat: {thread: t, say: x, stream: no}",
            "4:39: `stream`: expected true or false, got text\n  hint: write `false`",
        ),
        ("chat: {thread: t, say: 5}", "4:28: `say`: expected text, got a whole number\n  hint: quote it"),
        ("chat: {thread: t, say: true}", "4:28: `say`: expected text, got true or false\n  hint: quote it"),
        ("chat: {thread: t, say: x, model: {every: 2 s}}", "4:46: `every`: `2 s` is not a duration: `300ms`, `2s`"),
        ("chat: {thread: t, say: x, model: {hold: here}}", "4:45: `hold`: `here` is not a gate: headers, "),
        (
            "chat: {thread: t, say: x, model: {refuse: 418}}",
            "4:47: `refuse` cannot be `418`\n  hint: it is one of `connect`, ",
        ),
        (
            "chat: {thread: t, say: x, model: {answer: {esay: 1}}}",
            "4:48: unknown name `esay`\n  hint: did you mean `essay`?",
        ),
        ("health: 1", "4:13: `health`: expected a mapping, got a whole number"),
        ("call: {method: get, path: /x}", "4:20: `method` cannot be `get`\n  hint: did you mean `GET`?"),
        ("list_messages: {thread: t}\n    expect: {messages: [{role: 3}]}", "5:32: `role`: expected text, got a whole"),
        (
            "together:\n      - chat: {thread: t, sya: x, say: x}",
            "5:27: unknown field `sya`\n  hint: did you mean `say`?",
        ),
    ],
)
def test_a_mistake_in_a_step_is_placed_and_explained(step, problem):
    [found] = refusals(f"{HEAD}  - {step}\n")

    assert found[: len(problem)] == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title: A title\nsteps: [{health: {}}]", "1:1: the file needs `id`"),
        ("id: A\ntitle: b\nsteps: [{health: {}}]", "1:5: `id`: `A` is not lower-case words: `storage/turn-is-stored`"),
        ("id: a\ntitle: b\nsteps: []", "3:8: `steps`: expected `array` of length >= 1"),
        ("id: a\ntitle: b\nsteps: {}", "3:8: `steps`: expected a list, got a mapping"),
        (
            "id: a\ntitle: b\nlevel: must\nsteps: [{health: {}}]",
            "3:8: `level` cannot be `must`\n  hint: did you mean `MUST`?",
        ),
    ],
)
def test_a_mistake_at_the_top_is_placed_and_explained(text, problem):
    [found] = refusals(text)

    assert found[: len(problem)] == problem


def test_all_mistakes_are_told_in_the_order_of_the_file():
    found = refusals(f"{HEAD}  - chat: {{sya: x, stream: no}}\n  - helth: {{}}\n    expect: {{status: no}}\n")

    assert [one.split(": ")[0] for one in found] == ["4:5", "4:5", "4:12", "4:28", "5:5", "6:22"]


def test_an_unknown_operation_of_a_profile_is_at_its_key():
    found = refusals("profile: p\ntitle: t\noperations:\n  chatt: {}\n", Profile)

    assert found == ["4:3: unknown name `chatt`\n  hint: did you mean `chat`?"]


def test_a_refused_file_leaves_the_collector_alone():
    # msgspec 0.22 crashes here for a type that joins a text with a pattern and a list; the model has none.
    refusals(f"{HEAD}  - health: {{}}\n    expect: {{status: no, error: no, count: no}}\n")
    for _ in range(20):
        gc.collect()


def test_every_pattern_of_the_model_is_known_in_words():
    folder = Path(conformance.model.__file__).parent
    names = ("scenario", "script", "profile", "requirement", "baseline")
    sources = "".join((folder / f"{name}.py").read_text() for name in names)

    assert set(re.findall(r'pattern=r?"([^"]+)"', sources)) == set(_FORMS)
