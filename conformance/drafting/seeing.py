"""
The answer side: where in a body the things are that we know, because we said them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.drafting.requesting import names_thread
from conformance.drafting.words import (
    CREATED,
    IDENTITY,
    METADATA,
    ROLE,
    THREAD,
    TITLE,
    UPDATED,
    USERS,
    words,
)
from conformance.text.jsonpath import find

__all__ = [
    "Listed",
    "answer_path",
    "id_path",
    "leaves",
    "more_path",
    "the_messages",
    "the_threads",
    "thread_fields",
    "thread_path",
]

DEPTH: Final = 6
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Listed:
    """
    A list in an answer: where its items are, and what is where in one of them.
    """

    items: str
    fields: dict[str, str]
    roles: dict[str, str] = field(default_factory=dict)
    order: str = "ascending"
    answer: str | None = None


def the_messages(value: Any, said: str, answer: str | None = None, document: Any = None) -> Listed | None:
    """
    The list that has what was said in one of its items. What came back is known as the `answer`, or is somewhere in a
    `document`.
    """
    for path, items in _lists(value):
        place = next((at for at, one in enumerate(items) if _text_path(one, said)), None)
        if place is not None:
            return _messages(path, items, place, said, answer, document)
    return None


def the_threads(value: Any, thread: str) -> Listed | None:
    """
    The list that has that thread in it.
    """
    for path, items in _lists(value):
        item = next((one for one in items if id_path(one, thread)), None)
        if item is not None:
            own = id_path(item, thread)
            assert own is not None
            return Listed(f"{path}[*]", {"id": own, **thread_fields(item)})
    return None


def id_path(value: Any, known: str | None = None, called: str | None = None) -> str | None:
    """
    Where an id is: that of the known value, or else of what is `called` so, or what is called one, the outermost first.
    """
    found = [(path, one) for path, one in leaves(value) if isinstance(one, str | int) and not isinstance(one, bool)]
    if known is not None:
        return min((path for path, one in found if str(one) == known), key=_nearness, default=None)
    plain = [path for path, one in found if "[" not in path and one != ""]
    named = [path for path in plain if _last(path) == called] or [
        path for path in plain if words(_last(path)) & IDENTITY
    ]
    return min(named, key=lambda path: (_depth(path), not words(_last(path)) <= IDENTITY | THREAD), default=None)


def thread_path(value: Any) -> str | None:
    """
    Where the id of the thread is, by its name.
    """
    named = [
        path
        for path, one in leaves(value)
        if isinstance(one, str | int) and not isinstance(one, bool) and names_thread(_last(path))
    ]
    return min(named, key=_nearness, default=None)


def thread_fields(value: Any) -> dict[str, str]:
    """
    What else a thread shows, by the names and the kinds of its values.
    """
    found: dict[str, str] = {}
    for path, one in leaves(value, containers=True):
        name = _field_of(words(_last(path)), one)
        if name is not None and _depth(path) <= 2 and "[" not in path:
            found.setdefault(name, path)
    return found


def answer_path(value: Any, answer: str | None, said: str) -> str | None:
    """
    Where in a body the answer's text is: what is known of it, or else the longest text that is not an echo.
    """
    texts = [(path, one) for path, one in leaves(value) if isinstance(one, str)]
    if answer is not None:
        return min((path for path, one in texts if one == answer), key=_nearness, default=None)
    likely = [(path, one) for path, one in texts if one != said and words(_last(path)) & {"content", "text", "answer"}]
    return max(likely, key=lambda found: len(found[1]), default=(None, ""))[0]


def more_path(value: Any) -> str | None:
    """
    Where a page says whether more follows.
    """
    flags = [path for path, one in leaves(value) if isinstance(one, bool) and "[" not in path]
    return next((path for path in flags if words(_last(path)) & {"more", "next"}), None)


def _messages(path: str, items: Sequence[Any], place: int, said: str, answer: str | None, document: Any) -> Listed:
    question = items[place]
    text = _text_path(question, said)
    assert text is not None
    role = _role_path(items, question)
    others = {
        at: _joined(text, one) for at, one in enumerate(items) if at != place and _is_answer(one, text, role, question)
    }
    other = min(
        others, key=lambda at: (_unlike(others[at], answer, document), abs(at - place), at < place), default=None
    )
    fields = {"role": role, "text": text} if role else {"text": text}
    own = id_path(question)
    fields = {**({"id": own} if own else {}), **fields, **_time_of(question)}
    return Listed(
        f"{path}[*]",
        fields,
        _roles(role, question, items[other] if other is not None else None),
        "descending" if other is not None and other < place else "ascending",
        _joined(text, items[other]) if other is not None else None,
    )


def _unlike(text: str, answer: str | None, document: Any) -> tuple[int, ...]:
    """
    How far a listed text is from being the answer; the least is it.
    """
    if answer is not None:
        return (int(text != answer),)
    path = answer_path(document, text, "")
    return (1,) if path is None else (0, *_nearness(path))


def _is_answer(one: Any, text: str, role: str | None, question: Any) -> bool:
    return bool(_joined(text, one)) and (role is None or find(role, one) != find(role, question))


def _role_path(items: Sequence[Any], question: Any) -> str | None:
    """
    A field that is called one, the likeliest first: where its value differs between the items, or is a known role.
    """
    named = [(path, one) for path, one in leaves(question) if isinstance(one, str) and words(_last(path)) & ROLE]
    telling = [(path, one) for path, one in named if len({str(find(path, each)) for each in items}) > 1]
    known = [path for path, one in (*telling, *named) if one.lower() in USERS]
    return next(iter([*known, *(path for path, _ in telling)]), None)


def _roles(role: str | None, question: Any, answer: Any) -> dict[str, str]:
    if role is None:
        return {}
    pairs = [(find(role, question), "user"), (find(role, answer) if answer is not None else [], "assistant")]
    return {str(seen[0]): ours for seen, ours in pairs if seen and str(seen[0]) != ours}


def _time_of(item: Any) -> dict[str, str]:
    named = [path for path, one in leaves(item) if words(_last(path)) & CREATED and _is_time(one)]
    best = min(named, key=lambda path: "created" not in words(_last(path)), default=None)
    return {} if best is None else {"created_at": best}


def _field_of(found: frozenset[str], value: Any) -> str | None:
    text = isinstance(value, str) or value is None
    if found & METADATA and (isinstance(value, dict) or value is None):
        return "metadata"
    if "count" in found and isinstance(value, int):
        return "message_count"
    if found & {"archived"}:
        return "archived"
    if found & UPDATED and _is_time(value):
        return "updated_at"
    if found & CREATED and _is_time(value):
        return "created_at"
    if found & {"user", "owner"} and text:
        return "owner"
    return "title" if found & (TITLE - THREAD) and text and not found & {"user", "agent", "model"} else None


def _is_time(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (isinstance(value, str) and bool(re.match(r"\d{4}-\d\d-\d\d", value)))


def _text_path(item: Any, said: str) -> str | None:
    """
    Where the text is in an item; parts of one are joined.
    """
    found = next((path for path, one in leaves(item) if one == said), None)
    return None if found is None else re.sub(r"\[\d+\]", "[*]", found)


def _joined(path: str, item: Any) -> str:
    return "".join(one for one in find(path, item) if isinstance(one, str))


def _lists(value: Any, path: str = "$", depth: int = DEPTH) -> Iterator[tuple[str, list[Any]]]:
    """
    All lists of objects, the outermost first.
    """
    if depth == 0:
        return
    if isinstance(value, list) and value and isinstance(value[0], dict):
        yield path, value
    for name, one in value.items() if isinstance(value, dict) else ():
        yield from _lists(one, f"{path}{_step(name)}", depth - 1)


def leaves(value: Any, path: str = "$", depth: int = DEPTH, containers: bool = False) -> Iterator[tuple[str, Any]]:
    """
    All values that hold no others; with `containers`, objects and lists too. The outer ones come first.
    """
    inner: list[tuple[str, Any]] = []
    children: Mapping[str, Any] = {}
    if isinstance(value, dict):
        children = {_step(name): one for name, one in value.items()}
    elif isinstance(value, list):
        children = {f"[{place}]": one for place, one in enumerate(value)}
    for step, one in children.items():
        if isinstance(one, dict | list):
            inner.append((f"{path}{step}", one))
        if containers or not isinstance(one, dict | list):
            yield f"{path}{step}", one
    for place, one in inner if depth else ():
        yield from leaves(one, place, depth - 1, containers)


def _step(name: str) -> str:
    if _NAME.fullmatch(name):
        return f".{name}"
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{quoted}']"


def _last(path: str) -> str:
    return re.split(r"[.\[]", path)[-1].strip("']")


def _nearness(path: str) -> tuple[int, int, int]:
    """
    Of paths to equal values, the least is meant: not by a place in a list, not deep, not under a longer name.
    """
    return path.count("["), _depth(path), len(words(_last(path)))


def _depth(path: str) -> int:
    return path.count(".") + path.count("[")
