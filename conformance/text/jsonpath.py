"""
A small part of JSONPath: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[*]`.

Why not jsonpath-ng: profiles need no more than this, we want errors with a column, and `import jsonpath_ng` takes
over 50 ms; this module takes 2 ms.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final


class Nothing(Enum):
    """
    What is not there. Absent is not null.
    """

    NOTHING = "nothing"

    def __repr__(self) -> str:
        return "NOTHING"

    def __bool__(self) -> bool:
        return False


NOTHING: Final = Nothing.NOTHING


class PathError(ValueError):
    """
    A path that cannot be read; `column` counts from 1.
    """

    def __init__(self, path: str, column: int, problem: str) -> None:
        super().__init__(path, column, problem)
        self.path = path
        self.column = column
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem} at column {self.column} of `{self.path}`"


class Every(Enum):
    """
    The step `[*]`.
    """

    EVERY = "*"


Step = str | int | Every

_STEP: Final = re.compile(
    r"""\.(?P<name>[^\W\d][\w]*)        # .name, as RFC 9535 has it: no hyphen, no digit first
      | \[(?P<index>-?(?:0|[1-9]\d{0,8}))\]
      | \[(?P<every>\*)\]
      | \['(?P<single>(?:[^'\\]|\\['\\])*)'\]
      | \["(?P<double>(?:[^"\\]|\\["\\])*)"\]
    """,
    re.VERBOSE | re.ASCII,
)


def find(path: str, value: Any) -> list[Any]:
    """
    All that the path leads to, in order. Raises PathError.
    """
    found = [value]
    for step in parse(path):
        found = [child for parent in found for child in _children(parent, step)]
    return found


def one(path: str, value: Any) -> Any:
    """
    The first that the path leads to, or NOTHING.
    """
    return next(iter(find(path, value)), NOTHING)


@lru_cache(maxsize=1024)
def parse(path: str) -> tuple[Step, ...]:
    """
    The steps of a path. Raises PathError.
    """
    if not path.startswith("$"):
        raise PathError(path, 1, "a path begins with `$`")
    steps, position = [], 1
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise PathError(path, position + 1, _problem(path[position:]))
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    kind, text = match.lastgroup, match[match.lastgroup or 0]
    if kind == "index":
        return int(text)
    if kind == "every":
        return Every.EVERY
    return text if kind == "name" else re.sub(r"\\(.)", r"\1", text)


def _children(parent: Any, step: Step) -> Iterator[Any]:
    if isinstance(step, str):
        if isinstance(parent, Mapping) and step in parent:
            yield parent[step]
    elif isinstance(step, int):
        if isinstance(parent, list) and -len(parent) <= step < len(parent):
            yield parent[step]
    elif isinstance(parent, list):
        yield from parent
    elif isinstance(parent, Mapping):
        yield from parent.values()


def _problem(rest: str) -> str:
    """
    What is wrong, in the words of who made that mistake.
    """
    if rest.startswith(".."):
        return "`..` is not supported"
    if rest.startswith("[?"):
        return "filters are not supported"
    if rest.startswith("["):
        return "expected a number, `*` or a quoted name in brackets"
    if rest.startswith("-"):
        return "a name with a hyphen is written `['like-this']`"
    return "expected `.name` or `[`"
