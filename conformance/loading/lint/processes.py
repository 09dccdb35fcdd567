"""
Which of the target's processes a step speaks of.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.errors import Problem
from conformance.loading.loaded import LoadedScenario

__all__ = ["processes_were_started"]


def processes_were_started(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    `server` counts the processes of the last `restart`; before the first there is one.
    """
    started = 1
    for step in loaded.all_steps():
        if step.step.restart is not None:
            started = step.step.restart.servers
        server = step.step.server
        if server is not None and server > started:
            hint = f"write `restart: {{servers: {server}}}` before it"
            text = f"there is no process {server} here, {started} {'was' if started == 1 else 'were'} started"
            yield loaded.positions.at((*step.path, "server"), text, hint)
