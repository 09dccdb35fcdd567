"""
YAML text to PyYAML's node tree, by libyaml where it is there (7 times as fast), with a bound on nesting.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

__all__ = ["TooDeep", "compose"]

_BASE: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# libyaml's composer recurses in C: 100,000 brackets end the process, 5,000 levels were seen to pass.
_HARMLESS: Final = 2000


class TooDeep(Exception):
    """
    More levels than are allowed.
    """


class _Loader(_BASE):  # type: ignore[misc] # the base is chosen at run time
    """
    Gives a node the tag that says how it was written; any other tag was written by the author.
    """

    def resolve(self, kind: type[yaml.Node], _: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return "plain" if implicit[0] else "quoted"
        return "sequence" if kind is yaml.SequenceNode else "mapping"


def compose(source: str, deepest: int) -> yaml.Node | None:
    """
    The node tree, nothing for an empty file. Raises yaml.YAMLError, TooDeep.
    """
    if _could_nest(source) > _HARMLESS:
        _bounded(source, deepest)
    node: yaml.Node | None = yaml.compose(source, Loader=_Loader)
    return node


def _could_nest(source: str) -> int:
    """
    More than the levels of any document in this text: brackets open one each, and indentation two per column.
    """
    return source.count("[") + source.count("{") + 2 * max(map(len, source.splitlines()), default=0)


def _bounded(source: str, deepest: int) -> None:
    depth = 0
    for event in yaml.parse(source, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            raise TooDeep
