"""
Responses: an answer that is an object of its own, with what was asked, found again by its id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, insert, select

from reference_server.core.errors import NotFound
from reference_server.core.people import Principal
from reference_server.core.records import NewMessage
from reference_server.core.tables import responses

__all__ = ["Response", "Responses"]


@dataclass(frozen=True, slots=True)
class Response:
    """
    One response. `input` is what this call asked, without what came before; `settings` are the call's other wishes.
    """

    id: str
    status: str
    model: str
    created_at: datetime
    owner: str | None = None
    conversation_id: str | None = None
    previous_id: str | None = None
    instructions: str | None = None
    input: Sequence[NewMessage] = ()
    output: Sequence[NewMessage] = ()
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    incomplete_details: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    completed_at: datetime | None = None


class Responses:
    """
    The rows. Somebody else's response is not there.
    """

    def add(self, connection: Connection, new: Response) -> None:
        row = {name: getattr(new, name) for name in _FIELDS}
        row |= {name: [self.as_document(one) for one in row[name]] for name in _MESSAGES}
        connection.execute(insert(responses).values(row))

    def get(self, connection: Connection, response_id: str, who: Principal | None) -> Response:
        """
        Raises `NotFound`.
        """
        row = connection.execute(self.select_response(response_id, who)).first()
        if row is None:
            raise NotFound("there is no response with this id")
        return self.as_response(row)

    def select_response(self, response_id: str, who: Principal | None) -> Select[Any]:
        found = select(responses).where(responses.c.id == response_id)
        return found if who is None else found.where(responses.c.owner == self.owner(who))

    def remove(self, connection: Connection, response_id: str, who: Principal | None) -> None:
        """
        Raises `NotFound`.
        """
        self.get(connection, response_id, who)
        connection.execute(delete(responses).where(responses.c.id == response_id))

    def owner(self, who: Principal | None) -> str | None:
        """
        One name for a user of a tenant: two tenants may have users of one name.
        """
        return None if who is None else f"{who.tenant}/{who.user}"

    def as_document(self, one: NewMessage) -> dict[str, Any]:
        return {name: value for name, value in asdict(one).items() if value != _USUAL.get(name)}

    def as_response(self, row: Row[Any]) -> Response:
        values = {name: row._mapping[name] for name in _FIELDS}
        values |= {name: tuple(NewMessage(**one) for one in values[name]) for name in _MESSAGES}
        values |= {name: _aware(values[name]) for name in ("created_at", "completed_at")}
        return Response(**values)


_FIELDS: Final = tuple(one.name for one in fields(Response))
_MESSAGES: Final = ("input", "output")
_USUAL: Final = {one.name: one.default for one in fields(NewMessage)}


def _aware(time: datetime | None) -> datetime | None:
    # SQLite keeps no zone; what we wrote is UTC.
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
