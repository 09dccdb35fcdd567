"""
Who is calling, by the headers of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from reference_server.core.people import People, Principal

__all__ = ["Caller", "CallersFirst", "Teacher", "know_callers"]


def know_callers(app: object, people: People) -> None:
    """
    Give an application the people that `Caller` asks.
    """
    app.state.people = people  # type: ignore[attr-defined]


async def _caller(request: Request) -> Principal:
    people: People = request.app.state.people
    return people.at(request.url.path, request.headers.get("authorization"))


Caller = Annotated[Principal, Depends(_caller)]
"""
A parameter of a route: the caller by the bearer token. A dependency is resolved before the body is looked at, so that
a caller without credentials learns nothing but that.
"""


async def _teacher(request: Request) -> Principal:
    people: People = request.app.state.people
    return people.named(request.headers.get("x-teacher-id"))


Teacher = Annotated[Principal, Depends(_teacher)]
"""
A parameter of a route: the teacher whom a header names. Nothing proves it: it keeps lists apart, not people.
"""


class CallersFirst(APIRoute):
    """
    A route that asks who is calling before it reads the body: FastAPI says that a body is no JSON before it resolves
    any dependency.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_caller(request: Request) -> Response:
            await _caller(request)
            return await answer(request)

        return answer_caller
