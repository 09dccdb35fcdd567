"""
The pytest plugin: scenario files are collected and played against a target. Public names of pytest only.

Installed, it does nothing until `--target` is given: no file is collected, nothing is imported, nothing is written.
Where a project has an option of the same name, the project's stays and ours are not there.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

__all__ = ["OPTIONS", "add_options"]

OPTIONS: dict[str, dict[str, Any]] = {
    "--target": {"metavar": "URL", "help": "the server under test; `reference` starts the bundled one"},
    "--target-cmd": {"metavar": "COMMAND", "help": "starts the server under test, and owns it; {port} is filled in"},
    "--target-profile": {"metavar": "NAME", "help": "its profile, by name or file"},
    "--target-db": {"metavar": "DSN", "help": "its database, only read: postgresql://..., sqlite:///FILE"},
    "--target-upstream": {"metavar": "HOST:PORT", "help": "where the upstream witness listens"},
    "--target-header": {"metavar": "NAME:VALUE", "action": "append", "default": [], "help": "sent with every request"},
    "--target-credentials": {"metavar": "FILE", "help": "the principals' credentials, YAML: name and token"},
    "--target-seed": {"metavar": "N", "type": int, "default": 0, "help": "repeats names and canaries (default 0)"},
    "--target-strict": {"action": "store_true", "help": "a SHOULD that does not hold is a failure"},
    "--target-baseline": {"metavar": "FILE", "help": "failures that are known, YAML; one that passes fails the run"},
    "--target-area": {"metavar": "NAME", "action": "append", "default": [], "help": "only this area of requirements"},
    "--target-requirement": {"metavar": "ID", "action": "append", "default": [], "help": "only its scenarios"},
    "--target-capability": {"metavar": "NAME", "action": "append", "default": [], "help": "only what needs it"},
    "--target-shard": {"metavar": "N/M", "help": "part N of M, equally heavy; the same parts on every machine"},
    "--in-flight": {"metavar": "N", "type": int, "default": 16, "help": "scenarios at a time (default 16)"},
}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, object, object]:
    """
    Not `pytest_addoption`: that comes before the project's conftest.py, whose `--target` would then end every run.
    """
    result = yield
    try:
        free = len(parser.parse_known_and_unknown_args([f"{name}=1" for name in OPTIONS])[1]) == len(OPTIONS)
    except pytest.UsageError:  # somebody's takes no value, or not this one
        free = False
    if free:
        add_options(parser)
    return result


def add_options(parser: pytest.Parser) -> None:
    """
    Our options. Their destinations begin with ours, so that nobody else's `--target` is taken for one.
    """
    group = parser.getgroup("threadgauge", "conformance of a server that keeps conversation threads")
    for name, settings in OPTIONS.items():
        group.addoption(name, dest=f"threadgauge{name.removeprefix('-').replace('-', '_')}", **settings)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("threadgauge_target", None) or config.getoption("threadgauge_target_cmd", None):
        from conformance.commands.pytest_run import start

        start(config)
