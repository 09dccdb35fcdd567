"""
Times, written in another way.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from reference_server.quirks.bodies import Document
from reference_server.quirks.trees import changed

TIMES: Final = ("created_at", "updated_at", "createdAt", "updatedAt", "lastMessageAt")
ISO: Final = ("anita", "guide", "shadflare")  # dialects that write times as texts
HALF_PAST: Final = timezone(timedelta(hours=5, minutes=30))


class Times(Document):
    """
    A body whose times are written anew.
    """

    seam = "outgoing"
    group = "times"
    dialects: tuple[str, ...] = ISO

    def value(self, value: Any) -> Any:
        return changed(value, self.written_anew, inside=lambda key: key != "metadata")

    def written_anew(self, one: dict[str, Any]) -> dict[str, Any]:
        return {key: self.time(_moment(old)) if key in TIMES and old else old for key, old in one.items()}

    def time(self, moment: datetime) -> Any:
        return moment.isoformat()


class EpochSeconds(Times):
    """
    Times are seconds since 1970, with a fraction.
    """

    id = "times-epoch"
    source = "Google ADK 2.13: lastUpdateTime is 1795228787.78"

    def time(self, moment: datetime) -> Any:
        return moment.timestamp()


class EpochMilliseconds(Times):
    """
    Times are milliseconds since 1970.
    """

    id = "times-milliseconds"
    source = "Date.now() of JavaScript, which many servers store as it is"

    def time(self, moment: datetime) -> Any:
        return int(moment.timestamp() * 1000)


class Zulu(Times):
    """
    Times end with `Z`, and have three digits of a fraction.
    """

    id = "times-zulu"
    source = "RFC 3339, 5.6: time-offset = Z / time-numoffset; any number of digits of a fraction"

    def time(self, moment: datetime) -> Any:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class OtherZone(Times):
    """
    Times are those of a zone five and a half hours east.
    """

    id = "times-other-zone"
    source = "RFC 3339, 4.2: local offsets are allowed; they need not be whole hours"

    def time(self, moment: datetime) -> Any:
        return moment.astimezone(HALF_PAST).isoformat(timespec="microseconds")


class WholeSeconds(Times):
    """
    Times have no fraction: several messages have the same, and their order is the list's.
    """

    id = "times-whole-seconds"
    source = "RFC 3339, 5.6: time-secfrac is optional"
    profile = {"without": ["fine-times"]}

    def time(self, moment: datetime) -> Any:
        return moment.replace(microsecond=0).isoformat()


class IsoTimes(Times):
    """
    Times are texts with a zone, and not numbers.
    """

    id = "times-iso"
    dialects = ("completions",)
    source = "RFC 3339; langgraph dev: created_at is a text"

    def time(self, moment: datetime) -> Any:
        return moment.isoformat(timespec="seconds")


def _moment(old: Any) -> datetime:
    return datetime.fromisoformat(old) if isinstance(old, str) else datetime.fromtimestamp(old, UTC)
