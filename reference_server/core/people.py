"""
Who is calling, and what is theirs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reference_server.core.errors import Forbidden, Unauthorized
from reference_server.core.records import Thread

__all__ = ["NOBODYS", "PRINCIPALS", "Access", "People", "Principal", "people_from_environment"]

PRINCIPALS: Final = "REFERENCE_PRINCIPALS"
NOBODY: Final = "default"


@dataclass(frozen=True, slots=True)
class Principal:
    """
    A caller: a user of a tenant. `limit` is how many turns a minute the user may begin.
    """

    name: str
    user: str
    tenant: str
    limit: int | None = None


NOBODYS: Final = Principal("nobody", "", "")
"""
Who asks where a dialect lets callers stay unnamed: what they make belongs to nobody, and that is what they see.
"""


class People:
    """
    Callers by their token. Where none are configured every token is a user of its own name, in one tenant.
    """

    def __init__(self, known: Mapping[str, Principal] | None = None) -> None:
        self._known = known

    def at(self, path: str, header: str | None) -> Principal:  # noqa: ARG002 # all addresses ask alike
        """
        The caller of an address by the value of an `Authorization` header. Raises `Unauthorized`.
        """
        return self.bearer(header)

    def bearer(self, header: str | None) -> Principal:
        """
        The caller by the value of an `Authorization` header. Raises `Unauthorized`.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized("a bearer token is needed")
        return self.token(token.strip())

    def token(self, token: str) -> Principal:
        """
        Raises `Unauthorized` for a token that nobody has.
        """
        if self._known is None:
            return Principal(token, token, NOBODY)
        found = self._known.get(token)
        if found is None:
            raise Unauthorized("the token is not valid")
        return found

    def named(self, name: str | None) -> Principal:
        """
        The caller by a name that nothing proves. One that is a token is that token's principal.
        """
        if not name:
            return NOBODYS
        return (self._known or {}).get(name) or Principal(name, name, NOBODY)


class Access:
    """
    What a caller may see and change. A dialect without callers passes `None`, and everything is everybody's.
    """

    def check(self, thread: Thread, who: Principal | None) -> None:
        """
        Raises `Forbidden` where the thread is not the caller's, and not shared with the caller's tenant.
        """
        if who is not None and not (self.owns(thread, who) or self.shares(thread, who)):
            raise Forbidden("this thread is somebody else's")

    def check_change(self, thread: Thread, who: Principal | None) -> None:
        """
        Raises `Forbidden`: what is shared may be read, and changed by its owner only.
        """
        if who is not None and not self.owns(thread, who):
            raise Forbidden("this thread is somebody else's")

    def owns(self, thread: Thread, who: Principal) -> bool:
        return (thread.owner or "", thread.tenant or "") == (who.user, who.tenant)

    def shares(self, thread: Thread, who: Principal) -> bool:
        return thread.shared and thread.tenant == who.tenant

    def owner(self, who: Principal | None) -> str | None:
        """
        Whose threads a list shows; `None` for everybody's, and `""` for those that are nobody's.
        """
        return None if who is None else who.user


def people_from_environment() -> Mapping[str, Principal] | None:
    """
    Callers from the environment, for a list of processes shows the words of a command line.
    """
    text = os.environ.get(PRINCIPALS)
    if not text:
        return None
    return {token: Principal(**one) for token, one in json.loads(text).items()}
