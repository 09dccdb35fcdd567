"""
What can go wrong, and whose fault it is.

* ThreadgaugeError
  * UsageError           an option or a configuration is wrong: fix the command line
    * NothingSelected    no scenario is left to play: fix the selection
  * DocumentsInvalid     YAML files are wrong: every problem of every file, each with its place
  * TargetUnreachable    the server never answered: fix the URL or start it
  * ProfileMismatch      the server answers, but not as the profile says: fix the profile (or choose another)
  * StoreError           the database cannot be read as the profile says: fix the DSN or the mapping
  * UpstreamSilent       the target never called the upstream witness: point the target at it
  * LaunchError          a process of ours (reference server, PostgreSQL) did not start

A server that answers wrongly is not an error. It is a result: see `conformance.model.outcome`.
Every text is one sentence that says which, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "DocumentsInvalid",
    "LaunchError",
    "NothingSelected",
    "Problem",
    "ProfileMismatch",
    "StoreError",
    "TargetUnreachable",
    "ThreadgaugeError",
    "UpstreamSilent",
    "UsageError",
]


class ThreadgaugeError(Exception):
    """
    Anything that keeps us from a verdict; the command ends with exit code 2.
    """


class UsageError(ThreadgaugeError):
    """
    An option, an argument or a configuration value is wrong.
    """


class NothingSelected(UsageError):
    """
    No scenario is left to play.
    """


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One mistake in a file: `file:line:column: problem` and a hint; line and column count from 1, columns in code points.
    """

    file: str
    line: int
    column: int
    text: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: {self.text}"
        return f"{place}\n  hint: {self.hint}" if self.hint else place


class DocumentsInvalid(ThreadgaugeError):
    """
    Scenario, profile or requirement files are wrong; nothing was sent.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class TargetUnreachable(ThreadgaugeError):
    """
    The target did not answer at all.
    """


class ProfileMismatch(ThreadgaugeError):
    """
    The target answers, but an operation of the profile does not work as declared: that at `place`, if it is one value.
    """

    def __init__(self, text: str, place: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(text, place, hint)
        self.text = text
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.text}: {self.hint}." if self.hint else self.text


class StoreError(ThreadgaugeError):
    """
    The database cannot be reached, or does not have what the profile's mapping names.
    """


class UpstreamSilent(ThreadgaugeError):
    """
    A turn was answered, yet the upstream witness was never called.
    """


class LaunchError(ThreadgaugeError):
    """
    A process that we start ourselves did not come up.
    """
