"""
Statuses of which several are right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from fastapi.responses import Response
from starlette.datastructures import MutableHeaders

from reference_server.core.errors import CoreError, Forbidden, NotFound
from reference_server.dialects.anita import AnitaWire
from reference_server.dialects.guide import GuideWire
from reference_server.quirks.edge import JSON, Outgoing

OPENAI: Final = ("completions", "assistants", "conversations")


class Statuses(Outgoing):
    """
    Some statuses become others, where `here` says so.
    """

    seam = "outgoing"
    order = -5
    becomes: Mapping[int, int] = {}

    def changed_status(self) -> int:
        return self.becomes.get(self.status, self.status) if self.here() else self.status

    def here(self) -> bool:
        return True

    def is_for(self, method: str, *ends: str) -> bool:
        asked, path = str(self.scope["method"]), str(self.scope["path"])
        return asked == method and path.endswith(ends)


class CreatedIsOk(Statuses):
    """
    What was created is told by 200.
    """

    id = "created-is-200"
    dialects = ("anita", "guide")
    source = "RFC 9110, 15.3.1: 200 says that the request has succeeded; 201 is the better word, not the only one"
    becomes = {201: 200}
    profile = {"operations": {"create_thread": {"status": [200]}}}


class OkIsCreated(Statuses):
    """
    A thread that was created is told by 201.
    """

    id = "created-is-201"
    dialects = OPENAI
    source = "RFC 9110, 15.3.2: 201 says that a resource was created"
    becomes = {200: 201}
    profile = {"operations": {"create_thread": {"status": [200, 201]}}}

    def here(self) -> bool:
        return self.is_for("POST", "/v1/threads", "/v1/conversations")


class TurnIsCreated(Statuses):
    """
    An answer is told by 201: it is a new message.
    """

    id = "turn-is-201"
    dialects = ("anita", "guide")
    source = "RFC 9110, 15.3.2: 201 says that a resource was created"
    becomes = {200: 201}
    profile = {"operations": {"chat": {"status": [201]}}}

    def here(self) -> bool:
        return self.is_for("POST", "/chat")


class DeletedIsOk(Statuses):
    """
    What was deleted is told by 200, with a body.
    """

    id = "deleted-is-200"
    dialects = ("anita", "guide")
    source = "RFC 9110, 9.3.5: 200 with a message that describes the state, or 204 without"
    becomes = {204: 200}
    profile = {"operations": {"delete_thread": {"status": [200]}}}

    def head(self, headers: MutableHeaders) -> None:
        if self.status == 204:
            headers["content-type"] = JSON

    def document(self, body: bytes) -> bytes:
        return json.dumps({"deleted": True}).encode() if self.status == 204 else body


class DeletedIsEmpty(Statuses):
    """
    What was deleted is told by 204, without a body.
    """

    id = "deleted-is-204"
    dialects = ("completions", "shadflare")
    source = "RFC 9110, 9.3.5: 200 with a message that describes the state, or 204 without"
    becomes = {200: 204}
    profile = {
        "completions": {"operations": {"clear_messages": {"status": [204]}}},
        "shadflare": {"operations": {"delete_thread": {"status": [204]}, "delete_agent": {"status": [204]}}},
    }

    def here(self) -> bool:
        return str(self.scope["method"]) == "DELETE"


class InvalidIs400(Statuses):
    """
    A request that cannot be understood is told by 400.
    """

    id = "invalid-is-400"
    dialects = ("anita", "guide")
    source = "RFC 9110, 15.5.1: 400 is for whatever is perceived to be a client error"
    becomes = {422: 400}


class InvalidIs422(Statuses):
    """
    A request that cannot be understood is told by 422.
    """

    id = "invalid-is-422"
    dialects = ("completions", "shadflare", "assistants", "conversations")
    source = "RFC 9110, 15.5.21: 422 is for what is well-formed and cannot be processed; FastAPI uses it for both"
    becomes = {400: 422}
    profile = {
        "completions": {"errors": {"invalid": [422]}},
        "shadflare": {"errors": {"invalid": [422]}},
        "assistants": {"errors": {"invalid": [422], "conflict": [422]}},
        "conversations": {"errors": {"invalid": [422], "conflict": [422]}},
    }


class ConflictIs423(Statuses):
    """
    What is taken is told by 423.
    """

    id = "conflict-is-423"
    dialects = ("anita", "guide", "completions")
    source = "RFC 4918, 11.3: 423 says that a resource is locked; a profile says which status is meant"
    becomes = {409: 423}
    profile = {"errors": {"conflict": [423]}}


class UpstreamIs500(Statuses):
    """
    A model that failed is told by 500.
    """

    id = "upstream-is-500"
    source = "RFC 9110, 15.6: a client treats an unknown 5xx as 500; which of them is meant is the server's choice"
    becomes = {502: 500, 503: 500, 504: 500}
    profile = {"errors": {"upstream": [500]}}

    def here(self) -> bool:
        return not self.scope["path"].endswith("/health")


class MethodIs404(Statuses):
    """
    A method that a route has not is told by 404.
    """

    id = "wrong-method-is-404"
    source = "RFC 9110, 15.5.5: 404 also says that a server is not willing to disclose that a resource exists"
    becomes = {405: 404}
    profile = {"errors": {"method": [404]}}

    def head(self, headers: MutableHeaders) -> None:
        if self.status == 405:
            del headers["allow"]


class ForeignIsForbidden(AnitaWire):
    """
    Somebody else's thread is told by 403.
    """

    id = "foreign-is-403"
    seam = "anita"
    dialects = ("anita",)
    source = "C-17: forbidden, or missing; RFC 9110, 15.5.4"
    profile = {"policies": {"foreign_thread": "forbidden"}}

    def error(self, error: CoreError) -> Response:
        response = super().error(error)
        response.status_code = 403 if isinstance(error, Forbidden) else response.status_code
        return response


class ForeignIsMissing(GuideWire):
    """
    Somebody else's thread is as unknown as one that never was.
    """

    id = "foreign-is-404"
    seam = "guide"
    dialects = ("guide",)
    source = "C-17: forbidden, or missing; RFC 9110, 15.5.5"
    profile = {"policies": {"foreign_thread": "missing"}}

    def error(self, error: CoreError) -> Response:
        if isinstance(error, Forbidden):
            error = NotFound("there is no thread with this id", "thread")
        return super().error(error)
