"""
What is kept of runs. Every method is one statement or a few, inside a transaction that the caller holds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reference_server.core.errors import NotFound
from reference_server.core.run_records import ACTIVE, Run, Step
from reference_server.core.tables import run_steps, runs, threads

__all__ = ["RunStore"]

T = TypeVar("T", Run, Step)


class RunStore:
    """
    Runs and steps.
    """

    def lock(self, connection: Connection, thread_id: str) -> None:
        """
        Keep everybody else from the thread until the transaction ends.
        """
        connection.execute(select(threads.c.id).where(threads.c.id == thread_id).with_for_update())

    def alive_until(self, connection: Connection, thread_id: str) -> datetime | None:
        """
        Until when the turn under way in a thread counts as alive.
        """
        return _aware(connection.scalar(select(threads.c.busy_until).where(threads.c.id == thread_id)))

    def add(self, connection: Connection, run: Run) -> bool:
        """
        Insert a run unless the thread has an active one; whether it was inserted. The index is the lock.
        """
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        inserting = dialect.insert(runs).values(asdict(run)).on_conflict_do_nothing()
        return connection.execute(inserting.returning(runs.c.id)).first() is not None

    def run(self, connection: Connection, thread_id: str, run_id: str) -> Run:
        """
        Raises `NotFound`.
        """
        found = self.find(connection, run_id)
        if found is None or found.thread_id != thread_id:
            raise NotFound(f"No run found with id '{run_id}'.")
        return found

    def find(self, connection: Connection, run_id: str) -> Run | None:
        row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
        return None if row is None else _as(Run, row)

    def active(self, connection: Connection, thread_id: str) -> Run | None:
        mine = (runs.c.thread_id == thread_id) & runs.c.status.in_(ACTIVE)
        row = connection.execute(select(runs).where(mine)).first()
        return None if row is None else _as(Run, row)

    def of_thread(self, connection: Connection, thread_id: str) -> list[Run]:
        """
        Oldest first.
        """
        mine = select(runs).where(runs.c.thread_id == thread_id).order_by(runs.c.created_at, runs.c.id)
        return [_as(Run, row) for row in connection.execute(mine)]

    def statuses(self, connection: Connection, wanted: Collection[str]) -> dict[str, str]:
        rows = connection.execute(select(runs.c.id, runs.c.status).where(runs.c.id.in_(wanted)))
        return {row.id: row.status for row in rows}

    def move(self, connection: Connection, run_id: str, before: Sequence[str], **values: Any) -> Run | None:
        """
        Change a run whose status is one of these; `None` where it is not: somebody else was quicker.
        """
        mine = (runs.c.id == run_id) & runs.c.status.in_(before)
        row = connection.execute(update(runs).where(mine).values(values).returning(runs)).first()
        return None if row is None else _as(Run, row)

    def change(self, connection: Connection, run_id: str, metadata: dict[str, str]) -> None:
        connection.execute(update(runs).where(runs.c.id == run_id).values(metadata=metadata))

    # -- steps

    def add_step(self, connection: Connection, step: Step) -> None:
        connection.execute(insert(run_steps).values(asdict(step)))

    def steps(self, connection: Connection, run_id: str) -> list[Step]:
        """
        Oldest first.
        """
        mine = select(run_steps).where(run_steps.c.run_id == run_id)
        rows = connection.execute(mine.order_by(run_steps.c.created_at, run_steps.c.id))
        return [_as(Step, row) for row in rows]

    def end_steps(self, connection: Connection, run_id: str, **values: Any) -> None:
        """
        End the step that waits for its tools.
        """
        mine = (run_steps.c.run_id == run_id) & (run_steps.c.status == "in_progress")
        connection.execute(update(run_steps).where(mine).values(values))


def _as(kind: type[T], row: Row[Any]) -> T:
    values = row._mapping
    return kind(**{name: _read(values[name]) for name in _FIELDS[kind]})


_FIELDS: Final[dict[type[Any], tuple[str, ...]]] = {
    kind: tuple(one.name for one in fields(kind)) for kind in (Run, Step)
}


def _read(value: Any) -> Any:
    return _aware(value) if isinstance(value, datetime) else value


def _aware(time: datetime | None) -> datetime | None:
    # SQLite keeps no zone; what we wrote is UTC.
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
