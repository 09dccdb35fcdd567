"""
What a command line gives us in confidence, and how it is kept out of all that is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from conformance.driver.folder import encoded
from conformance.model.profile import Profile
from conformance.text.redaction import Redactor, redact_headers, secrets_of_command

__all__ = ["HARMLESS", "cleaned", "redactor_for"]

T = TypeVar("T")

HARMLESS: Final = frozenset({"accept", "accept-language", "content-type", "user-agent"})


def redactor_for(
    headers: Mapping[str, str],
    dsn: str | None,
    profiles: Iterable[Profile] = (),
    tokens: Iterable[str] = (),
    command: str | None = None,
) -> Redactor:
    """
    A redactor that knows the values of these headers, the DSN's password, the credentials in profiles, the tokens, and
    what is secret in the target's command.
    """
    given = [value for name, value in headers.items() if name.lower() not in HARMLESS]
    own = [value for profile in profiles for value in _credentials(profile)]
    told = [*_passwords(dsn or ""), *secrets_of_command(command or "")]
    return Redactor([*(part for value in (*given, *own, *tokens) for part in _parts(value)), *told])


def cleaned(value: T, redactor: Redactor) -> T:
    """
    A struct without secrets in any of its texts.

    Texts are changed before they are laid out: a secret that HTML or XML has escaped would not be found any more, and
    a password such as "threads" must not take the keys of our JSON with it.
    """
    found: T = _clean(value, redactor)
    return found


def _clean(value: Any, redactor: Redactor, foreign: bool = False) -> Any:
    """
    The same for any value; where it is `foreign`, a target made up the keys too.
    """
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, msgspec.Struct):
        # Asked of each struct, not only of the outermost: a token in a header is in most exchanges, and nowhere else.
        if not redactor.finds(encoded(value)):
            return value
        changed = {
            name: _clean(getattr(value, name), redactor, kind is Any) for name, kind in _told(type(value)).items()
        }
        return msgspec.structs.replace(value, **changed)
    if isinstance(value, dict):
        return {redactor.text(key) if foreign else key: _clean(one, redactor, foreign) for key, one in value.items()}
    return [_clean(one, redactor, foreign) for one in value] if isinstance(value, list) else value


@cache
def _told(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """
    The fields that may hold what somebody else has said, with their types.
    """
    every = {field.name: field.type for field in msgspec.structs.fields(struct)}
    return {name: kind for name, kind in every.items() if not (_is_literal(kind) or _is_shaped(kind))}


def _is_literal(kind: Any) -> bool:
    """
    Whether such a field holds one of a few words of ours.
    """
    return get_origin(kind) is Literal or any(get_origin(one) is Literal for one in get_args(kind))


def _is_shaped(kind: Any) -> bool:
    """
    Whether such a field holds a name or a figure of ours, whole: a changed one could not be read again.
    """
    metas = [one for one in get_args(kind) if isinstance(one, msgspec.Meta)] if get_origin(kind) is Annotated else []
    return any(one.pattern is not None and one.pattern.endswith("$") for one in metas)


def _credentials(profile: Profile) -> Iterator[str]:
    every = [profile.headers, *(one.request.headers for one in profile.operations.values())]
    for headers in every:
        hidden = redact_headers(headers)
        yield from (value for name, value in headers.items() if hidden[name] != value and "${" not in value)


def _parts(value: str) -> Iterator[str]:
    """
    The value, what follows its scheme (`Bearer ...`), and each of its cookies' values: a target may say only that.
    """
    yield value
    yield from value.split()[1:]
    yield from (cookie.partition("=")[2].strip() for cookie in value.split(";"))


def _passwords(dsn: str) -> Iterator[str]:
    _, there, rest = dsn.partition("://")
    if not there:
        return
    # As it stands, also where it holds @ or / unescaped; and as drivers read it.
    raw = rest.rpartition("@")[0].partition(":")[2]
    yield from (raw, unquote(raw))
    try:
        parts = urlsplit(dsn)
    except ValueError:
        return
    yield from (parts.password or "", unquote(parts.password or ""))
    yield from (value for name, value in parse_qsl(parts.query) if name in ("password", "sslpassword"))
