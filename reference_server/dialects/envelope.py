"""
OpenAI's error envelope, for the dialects that promise it: all four keys, for every failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi.responses import JSONResponse, Response

from reference_server.core.errors import (
    Busy,
    CoreError,
    Forbidden,
    Invalid,
    Limited,
    Unauthorized,
    Unavailable,
    UpstreamFailed,
)
from reference_server.dialects.failing import headers_of, status_of

__all__ = ["Enveloped", "openai_error"]

STATUS: Final[Mapping[type[CoreError], int]] = {Forbidden: 404, Busy: 400}  # what is somebody else's is missing
TYPE: Final[Mapping[type[CoreError], str]] = {
    UpstreamFailed: "upstream_error",
    Limited: "rate_limit_error",
    Unavailable: "server_error",
}
CODE: Final[Mapping[type[CoreError], str]] = {Unauthorized: "invalid_api_key", Limited: "rate_limit_exceeded"}


def openai_error(
    message: str, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


class Enveloped:
    """
    How OpenAI writes failures: see `failing.Failing`.
    """

    def error(self, error: CoreError) -> Response:
        return JSONResponse(self.envelope(error), self.status(error), headers_of(error))

    def status(self, error: CoreError) -> int:
        return STATUS.get(type(error)) or status_of(error)

    def envelope(self, error: CoreError) -> dict[str, Any]:
        field = error.field if isinstance(error, Invalid) else None
        message = f"{field}: {error}" if field else str(error)
        kind = TYPE.get(type(error), "invalid_request_error")
        return self.openai_error(message, kind, field, CODE.get(type(error)))

    def openai_error(
        self, message: str, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
    ) -> dict[str, Any]:
        return openai_error(message, kind, param, code)

    def no_route(self, detail: str) -> dict[str, Any]:
        return self.openai_error(detail)

    def crash(self) -> dict[str, Any]:
        return self.openai_error("Internal Server Error", "server_error")

    def validation(self, errors: list[Any]) -> Response:
        """
        What pydantic found first, without echoing what was sent.
        """
        first = errors[0]
        param = ".".join(str(part) for part in first["loc"][1:]) or None
        return JSONResponse(self.openai_error(first["msg"], param=param), 400)
