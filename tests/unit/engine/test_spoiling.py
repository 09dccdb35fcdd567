"""
Requests with one thing wrong are made from a profile's own.
"""

import json

import msgspec
import pytest

from conformance.engine.play import examples
from conformance.engine.spoiling import expand, spoilt_examples
from conformance.engine.support import unsupported
from conformance.loading.places import builtin_profiles
from conformance.loading.profiles import load_profile
from conformance.model.profile import Profile
from conformance.model.scenario import Scenario

PROFILE = msgspec.convert(
    {
        "profile": "small",
        "title": "A small API",
        "principals": ["alice", "bob"],
        "auth": {"required": True},
        "limits": {"text": 20, "metadata_pairs": 2, "metadata_strings": True},
        "policies": {"blank_text": "refused", "bad_limit": "refused", "unknown_thread": "refuse"},
        "ids": {"malformed": ["a/b"]},
        "operations": {
            "chat": {
                "request": {
                    "method": "POST",
                    "path": "/threads/${thread}/turns",
                    "json": {"role": "user", "content": "${text}", "metadata": "${metadata}"},
                },
                "required": ["text"],
            },
            "list_messages": {
                "request": {"method": "GET", "path": "/threads/${thread}/turns", "query": {"limit": "${limit}"}}
            },
            "health": {"request": {"method": "GET", "path": "/health"}, "open": True},
        },
    },
    Profile,
)


def scenario(kind: str) -> Scenario:
    steps = [{"spoil": {"thread": "t"}, "expect": {"status": "4xx"}}]
    return msgspec.convert({"id": "a/b", "title": "T", "examples_from": kind, "steps": steps}, Scenario)


def sent(kind: str, operation: str, fault: str) -> list[object]:
    """
    What the requests of one example carry: their JSON, or their body as it is.
    """
    made = expand(scenario(kind), PROFILE, {"operation": operation, "fault": fault})
    return [step.call.json if step.call.body is None else step.call.body for step in made.steps]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fault", "bodies"),
    [
        ("missing", [{"role": "user", "metadata": {}}]),
        ("null", [{"role": "user", "content": None, "metadata": {}}]),
        ("empty", [{"role": "user", "content": text, "metadata": {}} for text in ("", " \n\t")]),
        ("too-long", [{"role": "user", "content": "x" * 21, "metadata": {}}]),
        ("no-object", ['{"', "[]", '"text"', "", "null"]),
        ("no-json", ["text=hello&thread=${run}"]),
    ],
)
def test_one_thing_is_wrong(fault: str, bodies: list[object]):
    assert sent("invalid-requests", "chat", fault) == bodies


def test_each_field_of_a_known_kind_is_of_a_wrong_type_in_turn():
    bodies = sent("invalid-requests", "chat", "wrong-type")

    assert [(one["content"], one["metadata"]) for one in bodies] == [  # type: ignore[index]
        ("Spoilt ${canary}", "text"),
        ("Spoilt ${canary}", 42),
        (42, {}),
        ({"a": 1}, {}),
    ]


def test_a_role_is_replaced_wherever_it_stands():
    assert [one["role"] for one in sent("invalid-requests", "chat", "unknown-role")] == ["wizard", "", 42]  # type: ignore[index]


def test_metadata_is_too_much_in_the_ways_that_the_profile_limits():
    bodies = [one["metadata"] for one in sent("invalid-requests", "chat", "bad-metadata")]  # type: ignore[index]

    assert bodies == [{"k0": "v", "k1": "v", "k2": "v"}, {"k": 1}, {"k": None}, {"k": {"a": "b"}}]


def test_a_limit_stands_in_the_query():
    made = expand(scenario("invalid-requests"), PROFILE, {"operation": "list_messages", "fault": "bad-limit"})

    paths = [step.call.path for step in made.steps]  # type: ignore[union-attr]
    assert paths[0] == "/threads/${t}/turns?limit=0"
    assert len(paths) == 5


def test_an_unknown_id_stands_in_the_place_of_the_thread():
    made = expand(scenario("unknown-ids"), PROFILE, {"operation": "list_messages", "fault": "unknown"})

    assert [step.call.path for step in made.steps] == ["/threads/${unknown-thread}/turns"]  # type: ignore[union-attr]


def test_a_malformed_id_stays_one_segment():
    made = expand(scenario("malformed-ids"), PROFILE, {"operation": "list_messages", "fault": "malformed"})

    assert [step.call.path for step in made.steps] == ["/threads/a%2Fb/turns"]  # type: ignore[union-attr]


def test_a_method_is_wrong_for_every_operation_of_the_address():
    made = expand(scenario("wrong-methods"), PROFILE, {"operation": "chat", "fault": "method"})

    assert [step.call.method for step in made.steps] == ["PUT"]  # type: ignore[union-attr]


def test_nobody_asks_but_where_the_operation_is_open():
    found = list(spoilt_examples("no-credentials", PROFILE))

    assert [one["fault"] for one in found] == ["nobody", "stranger", "before-the-body"]
    asked = expand(scenario("no-credentials"), PROFILE, {"fault": "nobody"}).steps
    assert [(step.by, step.call.method) for step in asked] == [("nobody", "POST"), ("nobody", "GET")]  # type: ignore[union-attr]
    made = expand(scenario("no-credentials"), PROFILE, {"fault": "before-the-body"})
    assert [(step.by, step.call.json) for step in made.steps] == [("nobody", {})]  # type: ignore[union-attr]


def test_only_principals_of_the_profile_ask_for_what_is_not_theirs():
    assert {one["fault"] for one in spoilt_examples("foreign-threads", PROFILE)} == {"same-tenant"}


def test_the_expectation_is_that_of_the_step():
    made = expand(scenario("invalid-requests"), PROFILE, {"operation": "chat", "fault": "null"})

    assert [step.expect.status for step in made.steps] == ["4xx"]  # type: ignore[union-attr]


def test_a_profile_without_such_requests_does_not_support_the_scenario():
    silent = msgspec.structs.replace(PROFILE, auth=None)
    one = scenario("no-credentials")

    assert list(examples(one, silent)) == [{}]
    assert "can be made wrong so" in (unsupported(expand(one, silent, {}), silent) or "")


@pytest.mark.parametrize("name", builtin_profiles())
def test_the_profiles_of_the_house_can_be_spoilt(name: str):
    profile = load_profile(builtin_profiles()[name])
    found = list(spoilt_examples("invalid-requests", profile))

    assert len(found) >= 8
    for example in found:
        for step in expand(scenario("invalid-requests"), profile, example).steps:
            assert step.call is not None
            json.dumps(step.call.json)  # type: ignore[union-attr]
