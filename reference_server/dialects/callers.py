"""
Who is calling, by the headers of a request.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from reference_server.core.people import People, Principal

__all__ = ["Caller", "know_callers"]


def know_callers(app: object, people: People) -> None:
    """
    Give an application the people that `Caller` asks.
    """
    app.state.people = people  # type: ignore[attr-defined]


async def _caller(request: Request) -> Principal:
    people: People = request.app.state.people
    return people.bearer(request.headers.get("authorization"))


Caller = Annotated[Principal, Depends(_caller)]
"""
A parameter of a route: the caller by the bearer token. A dependency is resolved before the body is looked at, so that
a caller without credentials learns nothing but that.
"""
