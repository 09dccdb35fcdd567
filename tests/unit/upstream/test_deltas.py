from typing import Any

import pytest

from conformance.model.scenario import Script, ToolCall
from conformance.upstream.deltas import LARGEST, deltas_of, fragments, pieces


def cut(script: Script) -> list[str]:
    return list(deltas_of(script, lambda: "plain answer"))


@pytest.mark.parametrize("count", [1, 3, 4, 11, 50])
def test_pieces_make_the_text_and_none_is_empty(count: int):
    parts = list(pieces("naïve 😀 漢字!", count))

    assert ("".join(parts), all(parts), len(parts)) == ("naïve 😀 漢字!", True, min(count, 11))


def test_an_empty_text_has_no_pieces():
    assert list(pieces("", 4)) == []


def test_a_pair_of_surrogates_is_one_code_point_and_never_cut():
    assert list(pieces("\ud83d\ude00a", 9)) == ["😀", "a"]


def test_without_a_script_the_plain_answer_comes_in_a_few_deltas():
    assert cut(Script()) == ["pla", "in ", "ans", "wer"]


def test_listed_deltas_are_sent_as_they_are():
    assert cut(Script(answer=["", "\ud83d", "\ude00"], chunks=9)) == ["", "\ud83d", "\ude00"]


def test_an_essay_comes_in_as_many_deltas_as_the_script_says():
    deltas = cut(Script(answer={"essay": "501"}, chunks=20))

    assert (len(deltas), len("".join(deltas))) == (20, 501)


def test_a_long_essay_has_bounded_deltas():
    deltas = deltas_of(Script(answer={"essay": 200_000_000}), str)

    assert max(len(deltas.at(index)) for index in (0, deltas.count // 2, deltas.count - 1)) <= LARGEST


def test_a_model_that_calls_tools_says_nothing_unless_told_to():
    assert cut(Script(tool_calls=[ToolCall(id="c1", name="f")])) == []


def joined(parts: list[list[dict[str, Any]]]) -> dict[int, str]:
    texts: dict[int, str] = {}
    for [part] in parts:
        texts[part["index"]] = texts.get(part["index"], "") + part["function"]["arguments"]
    return texts


def test_tool_calls_come_in_fragments_in_turn():
    calls = [ToolCall(id="c1", name="f", arguments='{"a": "é😀"}'), ToolCall(id="c2", name="g")]
    parts = list(fragments(calls))

    assert (joined(parts), [part["index"] for [part] in parts], [part.get("id") for [part] in parts[:3]]) == (
        {0: '{"a": "é😀"}', 1: "{}"},
        [0, 1, 0, 1, 0, 1, 0, 1],
        ["c1", "c2", None],
    )
