"""
The request side: which field of a body is the thread, the text, the title, and what a required one is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from conformance.drafting.openapi import Endpoint, Shape
from conformance.drafting.words import (
    ANSWER,
    ASSISTANT,
    IDENTITY,
    MESSAGE,
    METADATA,
    ROLE,
    SYSTEM,
    TEXTS,
    THREAD,
    TITLE,
    USERS,
    words,
)

__all__ = ["Filling", "body_of", "has_choice", "longest_text", "names_thread", "paging", "query_of", "says", "speaks"]

PAGING: Final[Mapping[str, frozenset[str]]] = {
    "limit": frozenset({"limit", "size", "take", "top"}),
    "offset": frozenset({"offset", "skip"}),
    "order": frozenset({"order", "sort", "direction"}),
    "after": frozenset({"after", "cursor", "since"}),
    "before": frozenset({"before", "until"}),
}
"""
What parameters of lists are called; `page` counts pages, which no profile can say.
"""
NESTED: Final = 4  # objects within each other that may hold the text; messages that hold messages never end
MODEL: Final = "gpt-4o"  # where a model must be named and nobody says which
OMIT: Final = object()
_NO_TEXT: Final = SYSTEM | IDENTITY | METADATA | {"type", "format", "role", "model", "tool", "title", "count", "user"}
_GENERATIONS: Final = frozenset({"parent", "previous", "prior", "last"})


@dataclass(slots=True)
class Filling:
    """
    What is known while a body is filled: `given` are values by name; what is `lacking` has none, and must have one.

    `purpose` is what the body is for: a `turn`, a `thread`, a `message`, or what is `made` for other requests. Where
    the text may be a plain one or a list of messages, it is a list, because what is in a list is never left out; with
    `plain`, it is a plain one.
    """

    purpose: str
    given: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = True
    plain: bool = False
    lacking: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)


def names_thread(name: str) -> bool:
    """
    Whether a field of that name holds a thread's id: `threadId`, `conversation`, `session_key`.
    """
    found = words(name)
    return bool(found & THREAD) and not found & (TITLE - THREAD | METADATA | MESSAGE | _GENERATIONS | {"type"})


def says(shape: Shape | None, deep: int = NESTED) -> str | None:
    """
    The field of a turn's body that holds what the user says: a text, an object, or a list of messages.
    """
    if shape is None or deep == 0:
        return None
    ranked = sorted((rank, name) for name, one in shape.properties.items() if (rank := _rank(name, one, shape, deep)))
    return ranked[0][1] if ranked else None


def longest_text(shape: Shape | None) -> int | None:
    """
    How long what the user says may be, in characters, as far as the body's schema says it.
    """
    name = says(shape)
    if shape is None or name is None:
        return None
    said = shape.properties[name]
    return said.longest or longest_text(said) or longest_text(said.items)


def has_choice(endpoint: Endpoint) -> bool:
    """
    Whether its text may be a plain one, or a list of messages.
    """
    name = says(endpoint.body)
    shape = endpoint.body.properties[name] if endpoint.body is not None and name is not None else Shape()
    return "string" in shape.kinds and _has_choice(shape)


def speaks(endpoint: Endpoint) -> bool:
    """
    Whether its body can hold what a user says.
    """
    return says(endpoint.body) is not None


def body_of(shape: Shape | None, filling: Filling) -> Any:
    """
    The body's template. What is optional and not understood is left out.
    """
    if shape is None:
        return None
    text = says(shape) if filling.purpose in ("turn", "message") else None
    pairs = ((name, _value(name, one, shape, text, filling)) for name, one in shape.properties.items())
    return {name: value for name, value in pairs if value is not OMIT}


def query_of(endpoint: Endpoint, filling: Filling) -> dict[str, str]:
    """
    The query's template: what a list is asked with, the thread, and what must be there.
    """
    asked: dict[str, str] = {}
    for name, shape in endpoint.query.items():
        if name in filling.given:
            asked[name] = str(filling.given[name])
        elif endpoint.method == "GET" and (ours := paging(name)) is not None:
            asked[name] = f"${{{ours}}}"
        elif names_thread(name):
            asked[name] = "${thread}"
        elif name in endpoint.needed:
            value = _constant(name, shape, filling)
            asked[name] = "" if value is OMIT else str(value)
    return asked


def paging(name: str) -> str | None:
    """
    What a parameter of a list is in our words: `take` is `limit`.
    """
    found = words(name)
    return next((ours for ours, theirs in PAGING.items() if found and found <= theirs), None)


def _rank(name: str, shape: Shape, of: Shape, deep: int) -> tuple[int, int, int] | None:
    """
    How likely it is the text: what is required first, then a plain text, then by its name.
    """
    found = words(name)
    word = next((place for place, one in enumerate(TEXTS) if one in found), None)
    if found & _NO_TEXT or found & _GENERATIONS:
        return None
    if word is None and not ({"array", "object"} & shape.kinds and found & MESSAGE):
        return None
    kind = 0 if shape.may_be("string") else 1 if "array" in shape.kinds else 2
    if kind == 2 and says(shape, deep - 1) is None:
        return None
    return int(name not in of.required), kind, len(TEXTS) if word is None else word


def _value(name: str, shape: Shape, of: Shape, text: str | None, filling: Filling) -> Any:
    if name in filling.given:
        return filling.given[name]
    if name == text:
        return _said(shape, name in of.required, filling)
    understood = _understood(name, shape, name in of.required, filling)
    if understood is OMIT and name in of.required:
        return _constant(name, shape, filling)
    return understood


def _said(shape: Shape, required: bool, filling: Filling) -> Any:
    """
    What the user says, in the form that is wanted.
    """
    if shape.may_be("string") and (filling.plain or required or filling.purpose != "turn" or not _has_choice(shape)):
        return "${text}"
    if "array" not in shape.kinds:
        return body_of(shape, replace(filling, plain=True))
    item = shape.items
    if item is None or not item.properties:
        filling.guessed.append("what one message of the list looks like: role and content")
        return [{"role": "user" if filling.purpose == "turn" else "${role}", "content": "${text}"}]
    message = body_of(item, replace(filling, plain=True))
    roles = next((one.values for name, one in item.properties.items() if words(name) & ROLE), ())
    return ["${system}", message] if "system" in roles and filling.purpose == "turn" else [message]


def _is_role(found: frozenset[str], shape: Shape) -> bool:
    """
    Whether a field says who speaks: by its values, or by a name that means nothing else.
    """
    if shape.values:
        return bool({*map(str, shape.values)} & USERS)
    return shape.may_be("string") and bool(found & (ROLE - {"type", "kind", "from", "name"}))


def _asker(shape: Shape) -> str:
    """
    What somebody who asks is called.
    """
    return next((str(one) for one in shape.values if str(one) in USERS), "user")


def _has_choice(shape: Shape) -> bool:
    """
    Whether a text may be a list of messages as well.
    """
    return "array" in shape.kinds and (shape.items is None or shape.items.may_be("object"))


def _understood(name: str, shape: Shape, required: bool, filling: Filling) -> Any:
    found = words(name)
    if shape.may_be("boolean") and shape.kinds and found & {"stream", "streaming"}:
        return filling.stream
    if _is_role(found, shape) and filling.purpose in ("turn", "message"):
        return _asker(shape) if filling.purpose == "turn" else "${role}"
    if "tool" in found and found <= {"tool"}:
        return "${tools}" if filling.purpose == "turn" else OMIT
    if found & METADATA and shape.may_be("object"):
        return "${metadata}"
    if names_thread(name) and shape.may_be("integer"):
        return "${thread}"
    if not shape.may_be("string"):
        return OMIT
    return _named(name, found, required, filling)


def _named(name: str, found: frozenset[str], required: bool, filling: Filling) -> Any:
    """
    A text that is an id, a title, an instruction; each by its name.
    """
    if found & _GENERATIONS:
        return OMIT
    if found & ASSISTANT and found & IDENTITY and filling.purpose == "turn":
        return "${assistant}" if required else OMIT
    if names_thread(name) or (filling.purpose == "thread" and found <= IDENTITY):
        return "${thread}"
    if found & IDENTITY and filling.purpose == "turn":
        return _identified(found, required)
    if found & SYSTEM and filling.purpose in ("turn", "thread"):
        return "${instructions}" if filling.purpose == "turn" else "${system}"
    if found & TITLE and filling.purpose == "thread":
        return "${title}"
    if found & {"model"}:
        return OMIT if not required else MODEL
    return "${name}" if filling.purpose == "made" and found <= {"name"} else OMIT


def _identified(found: frozenset[str], required: bool) -> Any:
    """
    An id that the client gives to its question, or to the answer; only where it must.
    """
    if not required:
        return OMIT
    if found & ANSWER:
        return "${answer}"
    return "${message}" if found <= IDENTITY or found & (MESSAGE | {"prompt", "question"}) else OMIT


def _constant(name: str, shape: Shape, filling: Filling) -> Any:
    """
    A value for what must be there and is not understood.
    """
    if shape.default is not None:
        return shape.default
    if shape.values:
        filling.guessed.append(f"`{name}` is {shape.values[0]!r}, the first of {len(shape.values)}")
        return shape.values[0]
    if words(name) & {"model"}:
        filling.guessed.append(f"`{name}` is {MODEL!r}")
        return MODEL
    filling.lacking.append(name)
    return OMIT
