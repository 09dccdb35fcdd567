"""
What every dialect does when something goes wrong: each failure goes to the dialect's own way to say it.
"""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from reference_server.core.errors import CoreError, Unavailable

__all__ = ["Failing", "handle_failures"]


class Failing(Protocol):
    """
    How a dialect writes failures: those of the core, requests that are not as its models want them, addresses that
    lead nowhere, and what nobody foresaw.
    """

    def error(self, error: CoreError) -> Response: ...

    def validation(self, errors: list[Any]) -> Response: ...

    def no_route(self, detail: str) -> dict[str, Any]: ...

    def crash(self) -> dict[str, Any]: ...


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
