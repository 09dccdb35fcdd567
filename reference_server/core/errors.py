"""
What a caller can do wrong, and what can go wrong behind us. A dialect gives each a status and a body.

* CoreError
  * Invalid           the request cannot be accepted as it is
  * NotFound          there is no such thread or message
  * Conflict          the id is taken, by something else
  * Busy              the thread has a turn under way
  * Unauthorized      nobody knows who is calling
  * Forbidden         it is somebody else's
  * Limited           too many calls; later they are welcome
  * Unavailable       what the server needs is not there
  * UpstreamFailed    the model did not answer, or not to its end
    * TimedOut        it took longer than it may
  * Stopped           the turn was called off
"""

from __future__ import annotations

__all__ = [
    "Busy",
    "Conflict",
    "CoreError",
    "Forbidden",
    "Invalid",
    "Limited",
    "NotFound",
    "Stopped",
    "TimedOut",
    "Unauthorized",
    "Unavailable",
    "UpstreamFailed",
]


class CoreError(Exception):
    """
    An error that may be shown to the caller: its text holds no internals.
    """


class Invalid(CoreError):
    """
    `field` names the part of the request that is wrong.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(CoreError):
    """
    Nothing of that id is there. `what` it would be, where that is known: `thread`, `message`.
    """

    def __init__(self, message: str, what: str | None = None) -> None:
        super().__init__(message)
        self.what = what


class Conflict(CoreError):
    """
    Something else has that id.
    """


class Busy(CoreError):
    """
    One turn at a time, and this server does not queue them.
    """


class Unauthorized(CoreError):
    """
    No credential, or one that nobody has.
    """


class Forbidden(CoreError):
    """
    It is there and belongs to somebody else. A dialect may call it missing.
    """


class Limited(CoreError):
    """
    `retry_after` is in whole seconds.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(CoreError):
    """
    The database does not answer.
    """


class UpstreamFailed(CoreError):
    """
    The model refused (then `status` is its own), broke off, or said nothing.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class Stopped(CoreError):
    """
    Somebody wanted the turn no longer, or the server goes down.
    """


class TimedOut(UpstreamFailed):
    """
    The model was given up.
    """
