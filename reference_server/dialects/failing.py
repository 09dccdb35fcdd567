"""
What every dialect does when something goes wrong: each failure goes to the dialect's own way to say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from reference_server.core.errors import (
    Busy,
    Conflict,
    CoreError,
    Forbidden,
    Limited,
    NotFound,
    Unauthorized,
    Unavailable,
    UpstreamFailed,
)

__all__ = ["Failing", "handle_failures", "headers_of", "status_of"]

STATUS: Final[Mapping[type[CoreError], int]] = {
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Busy: 409,
    Limited: 429,
    Unavailable: 503,
}


class Failing(Protocol):
    """
    How a dialect writes failures: those of the core, requests that are not as its models want them, addresses that
    lead nowhere, and what nobody foresaw.
    """

    def error(self, error: CoreError) -> Response: ...

    def validation(self, errors: list[Any]) -> Response: ...

    def no_route(self, detail: str) -> dict[str, Any]: ...

    def crash(self) -> dict[str, Any]: ...


def status_of(error: CoreError) -> int:
    """
    The status where a dialect has no other wish. A model that is too busy makes us so: 503, not our caller's 429.
    """
    if isinstance(error, UpstreamFailed):
        return 503 if error.status == 429 else 502
    return STATUS.get(type(error), 400)


def headers_of(error: CoreError) -> dict[str, str]:
    """
    What a client must know beside the body: when to come again (RFC 9110, 10.2.3), how to say who it is (11.6.1).
    """
    if isinstance(error, Unauthorized):
        return {"www-authenticate": "Bearer"}
    wait = error.retry_after if isinstance(error, Limited | UpstreamFailed) else None
    return {} if wait is None else {"retry-after": str(wait)}


def handle_failures(app: FastAPI, wire: Failing) -> None:
    """
    No text of a database, a model or Python itself reaches a caller.
    """

    @app.exception_handler(CoreError)
    async def core(_: Request, error: CoreError) -> Response:
        return wire.error(error)

    @app.exception_handler(RequestValidationError)
    async def validation(_: Request, error: RequestValidationError) -> Response:
        return wire.validation(list(error.errors()))

    @app.exception_handler(HTTPException)
    async def routing(_: Request, error: HTTPException) -> Response:
        return JSONResponse(wire.no_route(str(error.detail)), error.status_code, error.headers)

    @app.exception_handler(SQLAlchemyError)
    async def store(_: Request, __: SQLAlchemyError) -> Response:
        return wire.error(Unavailable("the store does not answer"))

    @app.exception_handler(Exception)
    async def crash(_: Request, __: Exception) -> Response:
        return JSONResponse(wire.crash(), 500)
