"""
A request as a curl command line, to repeat by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote
from typing import Final

from conformance.model.text import Text
from conformance.model.transcript import SentRequest

__all__ = ["curl_line"]

# curl makes these itself, and makes them right.
_ITS_OWN: Final = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent"}

LONGEST: Final = 8000  # code points of a body: Windows ends a command line at 8191, and nobody reads more


def curl_line(request: SentRequest) -> str:
    """
    One line for a POSIX shell, every value quoted. Secrets read as they were redacted: fill them in.

    A body that is too long, or holds what an argument cannot, is taken from a file; a comment says so.
    """
    return " ".join(_words(request))


def _words(request: SentRequest) -> Iterator[str]:
    yield "curl -sS -N"
    yield "-I" if request.method == "HEAD" else f"-X {quote(request.method)}"
    if re.search(r"[][{}]", request.url):
        yield "--globoff"
    if "/." in request.url:
        yield "--path-as-is"
    yield quote(request.url)
    for name, value in request.headers.items():
        if name.lower() not in _ITS_OWN:
            yield f"-H {quote(f'{name}: {value}' if value else f'{name};')}"
    if request.body is not None:
        yield _body(request.body)


def _body(body: Text) -> str:
    if body.whole is None or body.length > LONGEST:
        return f"--data-binary @body  # a file of your own: the body had {body.length:,} characters"
    if "\0" in body.whole or body.surrogates:
        return "--data-binary @body  # a file of your own: the body had characters that no argument can hold"
    return f"--data-raw {quote(body.whole)}"
