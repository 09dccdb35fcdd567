"""
The one redaction point: what leaves memory for a file, a report or a terminal goes through here first.

Known secrets are replaced wherever they stand. Unknown ones are recognised by shape, and the shapes are narrow: an
answer that says "the Bearer of bad news" is data, and a text comparison must not be broken by its own protection.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

MARK: Final = "[redacted]"
SHORTEST: Final = 6  # a shorter secret is found in ordinary text too often: redacting "test" destroys a report

_SECRET_HEADER: Final = re.compile(
    r"(?:^|-)(?:authorization|cookie2?|(?:api|access|auth|secret|subscription|virtual)?-?(?:key|token)|secret|password|signature)$",
    re.IGNORECASE,
)
# Named like secrets, yet they are what one needs to understand a failure.
_HARMLESS_HEADERS: Final = {"idempotency-key", "sec-websocket-key", "x-idempotency-key"}

_SECRET_QUERY: Final = re.compile(
    r"(?i)([?&;](?:password|passwd|pwd|pass|api[_-]?key|access[_-]?token|auth|token|secret|key|signature|sig)=)[^&#;\s]*"
)
# libpq's other form: host=h password='p w'.
_DSN_PASSWORD: Final = re.compile(r"(?i)(\b(?:password|passwd|pwd)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s'&;]+)")
# Passwords that hold @ or / unescaped are common and drivers accept them: up to the last @, except after a port.
# Bounded, so that a hostile text of many `://a:` takes linear time.
_USERINFO: Final = re.compile(r"""(://[^\s/?#:@\["'<>]{0,128}:)(?!\d{1,5}(?:[/?#\s]|$))[^\s"'<>]{1,256}@""")

# In a command, by name: NAME=secret, --name=secret, --name secret. What a shell or we fill in there is none.
_SECRET_WORD: Final = (
    r"(?:[\w-]*[_-])?(?:api[_-]?)?(?:key|token|secret|password|passwd|passphrase|pwd|pass|auth|credentials?|signature)"
)
_COMMAND: Final = re.compile(
    rf"(?i)(?<![\w$-])(?:(?P<given>-{{0,2}}{_SECRET_WORD}=)|(?P<option>--{_SECRET_WORD}\s+(?!-)))"
    r"(?P<value>'(?![{$])[^']*'|\"(?![{$])(?:[^\"\\]|\\.)*\"|(?![{$'\"])[^\s'\";&|]+)"
)
_PASSWORD: Final = re.compile(r"""://[^\s/?#:@\["'<>{]{0,128}:(?P<value>[^\s"'<>]{1,256})@""")

# Each with how its matches begin, in lower case: looking for that takes a thirtieth of the whole expression (measured).
_SHAPES: Final[tuple[tuple[tuple[re.Pattern[bytes], ...], re.Pattern[str], str], ...]] = (
    (
        (re.compile(rb"authorization"),),
        re.compile(
            r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?:(basic|bearer)\s+)?(?!\[|basic\s|bearer\s)[^\s\"',]{6,}"
        ),
        rf"\1{MARK}",
    ),
    (
        (re.compile(rb"cookie"),),
        re.compile(r"(?i)(\bset-cookie[\"']?\s*[:=]\s*|\bcookie[\"']?\s*[:=]\s*)(?=[^\s=;]+=)(?!\[)[^\r\n\"']+"),
        rf"\1{MARK}",
    ),
    # A digit, because words have none.
    (
        (re.compile(rb"bearer"),),
        re.compile(r"(?i)(\bbearer\s+)(?=[\w.~+/-]{0,200}\d)[\w.~+/-]{8,}=*", re.ASCII),
        rf"\1{MARK}",
    ),
    ((re.compile(rb"k-"),), re.compile(r"\b(?:sk|pk|rk)-(?=[\w-]{0,200}\d)[\w-]{16,}", re.ASCII), MARK),
    (
        tuple(re.compile(begin) for begin in (rb"gh[pousr]_", rb"github_pat_", rb"xox", rb"akia")),
        re.compile(r"\b(?:gh[pousr]_|github_pat_|xox[abprs]-|AKIA)\w[\w-]{14,}", re.ASCII),
        MARK,
    ),
    ((re.compile(rb"://"),), _USERINFO, rf"\1{MARK}@"),
)
_BEGINS: Final = re.compile(b"|".join(begin.pattern for begins, _, _ in _SHAPES for begin in begins))
SHORT: Final = 1000  # bytes of a text that is looked through for all beginnings at once in less time than for each
_BEFORE: Final = 5  # bytes before such a beginning that belong to a match, or bound it
_AFTER: Final = 1024  # bytes after it in which the least match ends: the longest look ahead takes 200 characters


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """
    The headers with the values of those that carry credentials replaced; the scheme of an authorization stays.
    """
    return {name: _header(name, value) for name, value in headers.items()}


def redact_url(url: str) -> str:
    """
    A URL or a database DSN (also libpq's `key=value` form) without its passwords.
    """
    url = _USERINFO.sub(rf"\1{MARK}@", url)
    url = _SECRET_QUERY.sub(rf"\1{MARK}", url)
    return _DSN_PASSWORD.sub(rf"\1{MARK}", url)


def redact_command(command: str) -> str:
    """
    A command line without what its names, its addresses or its shapes say is secret.
    """
    kept = _COMMAND.sub(lambda found: f"{found['given'] or found['option']}{MARK}", command)
    return Redactor().text(redact_url(kept))


def secrets_of_command(command: str) -> Iterator[str]:
    """
    The same secrets, to be found again in what the command says.
    """
    for pattern in (_COMMAND, _PASSWORD):
        yield from (found["value"].strip("'\"") for found in pattern.finditer(command))


class Redactor:
    """
    Replaces known secrets, and what looks like one, in any text. Text without secrets is returned as it is.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        kept = {secret for secret in secrets if len(secret) >= SHORTEST and secret not in MARK}
        forms = {form for secret in kept for form in _forms(secret)}
        # Longest first: of two secrets that begin alike the longer one must not leave its end behind.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._forms = [form.encode(errors="surrogatepass") for form in ordered]
        self._known = re.compile("|".join(map(re.escape, ordered)))

    def text(self, text: str) -> str:
        if not self.finds(text.encode(errors="surrogatepass")):
            return text
        text = self._known.sub(MARK, text) if self._forms else text
        for _, shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

    def finds(self, text: bytes) -> bool:
        """
        Whether something in this text, in UTF-8, may have to be replaced. If not, nothing has.
        """
        # Looking for each form takes a tenth of what the expression of all takes. As bytes: to make text lower that is
        # not ASCII takes as long as all the rest of this.
        if any(form in text for form in self._forms):
            return True
        lowered = text.lower()
        if len(text) < SHORT and not _BEGINS.search(lowered):
            return False
        return any(
            _is_there(shape, text, found.start())
            for begins, shape, _ in _SHAPES
            for begin in begins
            for found in begin.finditer(lowered)
        )


def _is_there(shape: re.Pattern[str], text: bytes, at: int) -> bool:
    """
    Whether the beginning that was found in this place is one of a match.
    """
    before = text[max(0, at - _BEFORE) : at].decode(errors="replace")
    there = before + text[at : at + _AFTER].decode(errors="replace")
    return any(shape.match(there, start) for start in range(len(before) + 1))


def _header(name: str, value: str) -> str:
    if name.lower() in _HARMLESS_HEADERS or not _SECRET_HEADER.search(name):
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MARK}" if space and name.lower().endswith("authorization") else MARK


def _forms(secret: str) -> set[str]:
    """
    The secret as it stands in text, in a URL and in JSON.
    """
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
