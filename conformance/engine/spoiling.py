"""
Requests that a server must refuse, made from the profile's own: each is a valid request with one thing wrong.

A scenario with `examples_from` has examples made from the profile; its step `spoil` becomes one raw request for each
operation, fault and field that can be spoilt so. Pure: what is sent is in the transcript, as any other step is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec

from conformance.engine.requests import filled, whole_placeholders
from conformance.engine.spoiling_values import EMPTY, KINDS, OTHER_METHODS, WRONG_TYPES, valid_value
from conformance.model.profile import Operation, OperationName, Profile
from conformance.model.scenario import Call, Scenario, Step
from conformance.text import template

__all__ = ["expand", "spoilt_examples"]


@dataclass(frozen=True, slots=True)
class Place:
    """
    An operation of a profile, to be called about a thread of the scenario.
    """

    profile: Profile
    name: OperationName
    thread: str

    @property
    def operation(self) -> Operation:
        return self.profile.operations[self.name]

    @property
    def in_path(self) -> set[str]:
        return {name for name, _ in template.names(self.operation.request.path)}

    @property
    def names(self) -> set[str]:
        """
        The placeholders of the body.
        """
        return whole_placeholders(self.operation.request.json)

    def values(self, **changes: Any) -> dict[str, Any]:
        """
        A valid value for each placeholder that has one, with these changes.
        """
        named = self.in_path | self.names | whole_placeholders(dict(self.operation.request.query))
        made = {name: valid_value(name, self.thread, self.profile) for name in named}
        return {**{name: value for name, value in made.items() if value is not None}, **changes}

    def call(self, values: Mapping[str, Any], **changes: Any) -> Call:
        """
        The raw request with these values. `changes` replace parts of it.
        """
        asked = self.operation.request
        path = asked.path
        for name in self.in_path:
            path = path.replace(f"${{{name}}}", _segment(str(values.get(name, "${run}-never"))))
        query = {key: value for key, value in filled(dict(asked.query), values).items() if value is not None}
        body = None if asked.json is None else filled(asked.json, values)
        call = Call(method=asked.method, path=_with_query(path, query), json=body, headers=dict(asked.headers))
        return msgspec.structs.replace(call, **changes)


Spoiling = Callable[[Place], Iterator[Step]]


def spoilt_examples(kind: str, profile: Profile) -> Iterator[dict[str, Any]]:
    """
    One example for each operation and fault, or only for each fault, of which the profile has at least one request.
    """
    seen = []
    for name in profile.operations:
        for fault in FAULTS[kind]:
            example = {"operation": name, "fault": fault} if kind in BY_OPERATION else {"fault": fault}
            if example not in seen and any(True for _ in _steps(kind, fault, Place(profile, name, "t"))):
                seen.append(example)
                yield example


def expand(scenario: Scenario, profile: Profile, example: Mapping[str, Any]) -> Scenario:
    """
    The scenario with its `spoil` steps replaced by the requests that they stand for. A step that stands for none in
    this profile stays: then the profile does not support the scenario.
    """
    if scenario.examples_from is None:
        return scenario
    steps = [one for step in scenario.steps for one in _expanded(step, scenario.examples_from, profile, example)]
    return msgspec.structs.replace(scenario, steps=steps)


def _expanded(step: Step, kind: str, profile: Profile, example: Mapping[str, Any]) -> Iterator[Step]:
    if step.spoil is None or "fault" not in example:
        yield step
        return
    names = [name for name in profile.operations if name == example.get("operation", name)]
    places = [Place(profile, name, step.spoil.thread) for name in names]
    made = [one for place in places for one in _steps(kind, example["fault"], place)]
    yield from (msgspec.structs.replace(one, expect=step.expect) for one in made)
    if not made:
        yield step


def _steps(kind: str, fault: str, place: Place) -> Iterator[Step]:
    yield from FAULTS[kind][fault](place)


def _step(call: Call, by: str | None = None) -> Step:
    return Step(call=call, by=by)


def _segment(value: str) -> str:
    """
    A value in a path: what an expression stands for is encoded when it is filled in.
    """
    return value if "${" in value else quote(value, safe="")


def _with_query(path: str, query: Mapping[str, Any]) -> str:
    inside = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{path}?{inside}" if inside else path


def _complete(place: Place) -> bool:
    """
    Whether a valid request can be made at all, so that the one thing wrong with it is the one meant.
    """
    values = place.values()
    needed = place.in_path | {*place.operation.required}
    return needed <= set(values)


# -- invalid requests


def _missing(place: Place) -> Iterator[Step]:
    if _complete(place):
        for name in place.names & {*place.operation.required}:
            values = place.values()
            del values[name]
            yield _step(place.call(values))


def _replaced(place: Place, names: set[str], wrong: Callable[[str], tuple[Any, ...]]) -> Iterator[Step]:
    if _complete(place):
        for name in sorted(names):
            for value in wrong(name):
                yield _step(place.call(place.values(**{name: value})))


def _null(place: Place) -> Iterator[Step]:
    return _replaced(place, place.names & {*place.operation.required}, lambda _: (None,))


def _wrong_type(place: Place) -> Iterator[Step]:
    return _replaced(place, {one for one in place.names if one in KINDS}, lambda name: WRONG_TYPES[KINDS[name]])


def _empty(place: Place) -> Iterator[Step]:
    blank = place.profile.policies.get("blank_text") == "refused"
    kinds = {"id", "text"} if blank else {"id"}
    required = {one for one in place.names & {*place.operation.required} if KINDS.get(one) in kinds}
    return _replaced(place, required, lambda name: EMPTY[KINDS[name]])


def _too_long(place: Place) -> Iterator[Step]:
    limits = place.profile.limits
    longest = {"text": limits.text, "id": limits.id}
    names = {one for one in place.names if longest.get(KINDS.get(one, "")) is not None}
    return _replaced(place, names, lambda name: ("x" * ((longest[KINDS[name]] or 0) + 1),))


def _no_object(place: Place) -> Iterator[Step]:
    if place.operation.request.json is None or not _complete(place):
        return
    bodies = ['{"', "[]", '"text"', *(["", "null"] if place.operation.required else [])]
    headers = {**place.operation.request.headers, "content-type": "application/json"}
    for body in bodies:
        yield _step(place.call(place.values(), json=None, body=body, headers=headers))


def _no_json(place: Place) -> Iterator[Step]:
    if place.operation.request.json is not None and _complete(place):
        headers = {**place.operation.request.headers, "content-type": "application/x-www-form-urlencoded"}
        yield _step(place.call(place.values(), json=None, body="text=hello&thread=${run}", headers=headers))


def _unknown_role(place: Place) -> Iterator[Step]:
    if not _complete(place):
        return
    call = place.call(place.values())
    for wrong in ("wizard", "", 42):
        if (changed := _with_role(call.json, wrong)) != call.json:
            yield _step(msgspec.structs.replace(call, json=changed))


def _with_role(tree: Any, role: Any) -> Any:
    if isinstance(tree, dict):
        return {key: role if key == "role" else _with_role(value, role) for key, value in tree.items()}
    return [_with_role(one, role) for one in tree] if isinstance(tree, list) else tree


def _query(name: str, policy: str, wrong: tuple[str, ...]) -> Spoiling:
    def spoil(place: Place) -> Iterator[Step]:
        asked = whole_placeholders(dict(place.operation.request.query))
        if name in asked and _complete(place) and place.profile.policies.get(policy) == "refused":
            for value in wrong:
                yield _step(place.call(place.values(**{name: value})))

    return spoil


def _bad_metadata(place: Place) -> Iterator[Step]:
    limits = place.profile.limits
    wrong: list[Any] = []
    if limits.metadata_pairs is not None:
        wrong.append({f"k{at}": "v" for at in range(limits.metadata_pairs + 1)})
    if limits.metadata_key is not None:
        wrong.append({"k" * (limits.metadata_key + 1): "v"})
    if limits.metadata_value is not None:
        wrong.append({"k": "v" * (limits.metadata_value + 1)})
    if limits.metadata_strings:
        wrong += [{"k": 1}, {"k": None}, {"k": {"a": "b"}}]
    return _replaced(place, place.names & {"metadata"}, lambda _: tuple(wrong))


# -- addresses


def _unknown(place: Place) -> Iterator[Step]:
    """
    Ids that are as the server's own, and of nothing.
    """
    for name in _identifiers(place):
        values = place.values(**{name: _unknown_id(name, place.profile)})
        if place.in_path - {name} <= set(values):
            yield _step(place.call(values))


def _malformed(place: Place) -> Iterator[Step]:
    if "thread" in _identifiers(place):
        for wrong in place.profile.ids.malformed:
            yield _step(place.call(place.values(thread=wrong)))


def _identifiers(place: Place) -> list[str]:
    """
    What names something that must be there for the operation. A turn may make its thread, and a second deletion may be
    a success: then there is nothing to be missed.
    """
    policies = place.profile.policies
    makes = place.name.startswith(("chat", "add_message", "create_run")) and policies.get("unknown_thread") == "create"
    forgives = place.name.startswith("delete") and policies.get("second_delete") == "success"
    if makes or forgives or place.name == "create_thread":
        return []
    named = (place.in_path | place.names) & {one for one in KINDS if KINDS[one] == "id"}
    return sorted(named - {"answer"} - ({"message"} if place.name.startswith("chat") else set()))


def _unknown_id(name: str, profile: Profile) -> str:
    return "${unknown-thread}" if name == "thread" else profile.ids.unknown_others.get(name, "${run}-never")


def _method(place: Place) -> Iterator[Step]:
    path = place.operation.request.path
    same = {one.request.method for one in place.profile.operations.values() if _alike(one.request.path, path)}
    free = [one for one in OTHER_METHODS if one not in same]
    if free:
        yield _step(place.call(place.values(), method=free[0], json=None))


def _alike(one: str, other: str) -> bool:
    """
    Whether two paths are of one route: a segment with a placeholder may stand for any.
    """
    pair = one.strip("/").split("/"), other.strip("/").split("/")
    return len(pair[0]) == len(pair[1]) and all(a == b or "${" in a or "${" in b for a, b in zip(*pair, strict=True))


# -- callers


def _by(who: str) -> Spoiling:
    def spoil(place: Place) -> Iterator[Step]:
        auth = place.profile.auth
        if auth is not None and auth.required and not place.operation.open:
            yield _step(place.call(place.values()), who)

    return spoil


def _before_the_body(place: Place) -> Iterator[Step]:
    auth = place.profile.auth
    if auth is not None and auth.required and place.operation.required and not place.operation.open:
        yield _step(place.call(place.values(), json={}), "nobody")


def _foreign(who: str) -> Spoiling:
    def spoil(place: Place) -> Iterator[Step]:
        owned = "thread" in place.in_path | place.names and place.name != "create_thread"
        if owned and who in place.profile.principals and _complete(place):
            yield _step(place.call(place.values()), who)

    return spoil


def _every(place: Place) -> Iterator[Step]:
    """
    All that can be wrong with a request.
    """
    for spoil in FAULTS["invalid-requests"].values():
        yield from spoil(place)


BY_OPERATION: Final = ("invalid-requests",)

FAULTS: Final[Mapping[str, Mapping[str, Spoiling]]] = {
    "invalid-requests": {
        "missing": _missing,
        "null": _null,
        "wrong-type": _wrong_type,
        "empty": _empty,
        "too-long": _too_long,
        "no-object": _no_object,
        "no-json": _no_json,
        "unknown-role": _unknown_role,
        "bad-limit": _query("limit", "bad_limit", ("0", "-1", "abc", "1000000000", "1.5")),
        "bad-order": _query("order", "bad_order", ("sideways", "")),
        "bad-cursor": _query("after", "bad_cursor", ("never-a-cursor",)),
        "bad-offset": _query("offset", "bad_limit", ("-1", "abc")),
        "bad-metadata": _bad_metadata,
    },
    "all-invalid-requests": {"any": _every},
    "unknown-ids": {"unknown": _unknown},
    "malformed-ids": {"malformed": _malformed},
    "wrong-methods": {"method": _method},
    "no-credentials": {
        "nobody": _by("nobody"),
        "stranger": _by("stranger"),
        "before-the-body": _before_the_body,
    },
    "foreign-threads": {"same-tenant": _foreign("bob"), "other-tenant": _foreign("carol")},
}
