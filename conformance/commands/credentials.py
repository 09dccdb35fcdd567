"""
The credentials of a profile's principals: given by the environment or a file, or made up for the reference server.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from conformance.errors import ThreadgaugeError, UsageError
from conformance.loading.yaml_document import read_document
from conformance.model.profile import STRANGER, Profile

__all__ = ["PREFIX", "any_credentials", "as_principals", "given_credentials", "made_credentials", "of_dialect"]

PREFIX: Final = "THREADGAUGE_TOKEN_"

_USERS: Final[Mapping[str, dict[str, Any]]] = {
    "carol": {"tenant": "tenant-2"},
    "dave": {"limit": 3},
}
"""
Where the conventional principals differ from users of the first tenant without a limit. Three turns a minute are few
enough that a scenario passes the limit with its fourth.
"""


def given_credentials(profiles: Iterable[Profile], file: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """
    The credentials by principal: those in the file, else those in the environment; and one for a stranger.

    Raises `UsageError` for a file that names what is no principal, `DocumentsInvalid` for one that is no YAML.
    """
    names = [*dict.fromkeys(name for profile in profiles for name in profile.principals)]
    written = _written(file, names) if file is not None else {}
    variables = {name: environment.get(f"{PREFIX}{name.upper()}", "") for name in (*names, STRANGER)}
    found = {name: token for name, token in {**variables, **written}.items() if token}
    return {STRANGER: _token(), **found} if names else {}


def made_credentials(profiles: Iterable[Profile]) -> dict[str, str]:
    """
    New ones for every principal, and for a stranger.
    """
    names = {name for profile in profiles for name in profile.principals}
    return {name: _token() for name in (*sorted(names), STRANGER)} if names else {}


def of_dialect(dialect: str, credentials: Mapping[str, str]) -> dict[str, str]:
    """
    The same principals' credentials in one dialect. The dialects of a server share its store, and an `alice` of each
    has threads, and a limit, of her own. The secret stays a part of each, so that a redactor finds it.
    """
    return {name: f"{dialect}-{token}" if dialect else token for name, token in credentials.items()}


def as_principals(dialects: Iterable[str], credentials: Mapping[str, str]) -> str:
    """
    What the reference server must know of those who hold these: JSON, by credential. Of the stranger it knows nothing.
    """
    known = {
        token: _principal(name, dialect)
        for dialect in dialects
        for name, token in of_dialect(dialect, credentials).items()
        if name != STRANGER
    }
    return json.dumps(known)


def any_credentials(file: Path | None, environment: Mapping[str, str]) -> Iterator[str]:
    """
    All that may be one, whatever the profile is: what must not stand in a message.
    """
    yield from (value for name, value in environment.items() if name.startswith(PREFIX))
    with suppress(ThreadgaugeError, OSError):
        yield from (str(token) for token in (read_document(file).value.values() if file is not None else ()))


def _principal(name: str, dialect: str) -> dict[str, Any]:
    known: dict[str, Any] = {"tenant": "tenant-1", "limit": None, **_USERS.get(name, {})}
    house = dialect or "any"
    return {**known, "name": name, "user": f"{house}-{name}", "tenant": f"{house}-{known['tenant']}"}


def _token() -> str:
    return f"tg-{secrets.token_hex(16)}"


def _written(file: Path, names: Sequence[str]) -> dict[str, str]:
    document = read_document(file)
    known = (*names, STRANGER)
    for name, token in document.value.items():
        if name not in known:
            listed = ", ".join(known)
            raise UsageError(f"--credentials {file}: the profile has no principal {name!r}; it has {listed}.")
        if not isinstance(token, str) or not token.strip():
            raise UsageError(f"--credentials {file}: the credential of {name} is no text; write {name}: '...'.")
    return dict(document.value)
