"""
Identity twins: each defect's seam and methods without its mistake, to show that only the mistake is seen.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace
from functools import wraps
from typing import Any, Final

import reference_server.defects
from reference_server.assembly import Parts

__all__ = ["overridden", "twin", "with_twins"]

_DEFECTS: Final = reference_server.defects.__name__


def with_twins(parts: Parts, defects: Iterable[type[Any]]) -> Parts:
    """
    The same parts with the identity twins of these defects, one upon the other.
    """
    for defect in defects:
        seam: str = defect.seam
        parts = replace(parts, **{seam: twin(defect, getattr(parts, seam))})
    return parts


def twin(defect: type[Any], healthy: type[Any]) -> type[Any]:
    """
    A subclass of the seam's class that overrides what the defect overrides, and only calls what it overrides.

    What is not a method keeps the healthy value, and a method that only the defect has is left out.
    """
    made = type(f"{defect.__name__}Twin", (healthy,), {})
    for name in overridden(defect, healthy):
        setattr(made, name, _passing_on(made, name, inspect.getattr_static(healthy, name)))
    return made


def overridden(defect: type[Any], healthy: type[Any]) -> Iterator[str]:
    """
    The names of the seam's methods that the defect has of its own, through all classes of defects that it derives from.
    """
    own = [one for one in defect.__mro__ if one.__module__.startswith(_DEFECTS)]
    for name in dict.fromkeys(name for one in own for name in vars(one)):
        if inspect.isfunction(inspect.getattr_static(healthy, name, None)):
            yield name


def _passing_on(made: type[Any], name: str, healthy: Callable[..., Any]) -> Callable[..., Any]:
    """
    Of the kind that the healthy method is: who asks whether it is a coroutine's function must get the same answer.
    """
    if inspect.iscoroutinefunction(healthy):
        return wraps(healthy)(_awaiting(made, name))
    if inspect.isasyncgenfunction(healthy):
        return wraps(healthy)(_iterating(made, name))
    return wraps(healthy)(_calling(made, name))


def _calling(made: type[Any], name: str) -> Callable[..., Any]:
    def passed_on(self: Any, *words: Any, **named: Any) -> Any:
        return getattr(super(made, self), name)(*words, **named)

    return passed_on


def _awaiting(made: type[Any], name: str) -> Callable[..., Any]:
    if name == "__call__":  # uvicorn calls an application without arguments, to see whether it makes one
        return _asgi(made)

    async def passed_on(self: Any, *words: Any, **named: Any) -> Any:
        return await getattr(super(made, self), name)(*words, **named)

    return passed_on


def _asgi(made: type[Any]) -> Callable[..., Any]:
    async def passed_on(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        return await super(made, self).__call__(scope, receive, send)

    return passed_on


def _iterating(made: type[Any], name: str) -> Callable[..., Any]:
    async def passed_on(self: Any, *words: Any, **named: Any) -> AsyncIterator[Any]:
        async with aclosing(getattr(super(made, self), name)(*words, **named)) as healthy:
            async for one in healthy:
                yield one

    return passed_on
