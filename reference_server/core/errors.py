"""
What a caller can do wrong, and what can go wrong behind us. A dialect gives each a status and a body.

* CoreError
  * Invalid           the request cannot be accepted as it is
  * NotFound          there is no such thread or message
  * Conflict          the id is taken, by something else
  * UpstreamFailed    the model did not answer, or not to its end
"""

from __future__ import annotations

__all__ = ["Conflict", "CoreError", "Invalid", "NotFound", "UpstreamFailed"]


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
    Nothing of that id is there.
    """


class Conflict(CoreError):
    """
    Something else has that id.
    """


class UpstreamFailed(CoreError):
    """
    The model refused (then `status` is its own), broke off, or said nothing.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
