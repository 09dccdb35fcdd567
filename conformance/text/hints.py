"""
What a difference between two texts looks like: the well-known ways in which a text is damaged on its way.

One small function per way, in the order in which they are tried: the first that explains the whole difference wins.
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

from conformance.text.limits import known_limit

Hint = Callable[[str, str], str | None]

_SPACES: Final = re.compile(r"\s+")


def hint(expected: str, actual: str) -> str | None:
    """
    What two different texts look like, in a few words, or None.
    """
    return next((said for each in HINTS if (said := each(expected, actual))), None)


def common_prefix(one: str, other: str) -> int:
    """
    How many code points two texts have in common at their beginnings. Linear, without a Python loop over them.
    """
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _empty(expected: str, actual: str) -> str | None:
    if not actual:
        return "empty"
    return None if expected else "nothing was expected"


def _rewritten(expected: str, actual: str) -> str | None:
    return next((said for text, said in _rewritings(expected) if text == actual), None)


def _rewritings(text: str) -> Iterator[tuple[str, str]]:
    """
    The texts that known bugs make of a text, each with its name.
    """
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield unicodedata.normalize(form, text), f"Unicode normalised to {form}"
    yield text.replace("\r\n", "\n"), "CRLF became LF"
    yield text.replace("\r\n", "\n").replace("\r", "\n"), "CRLF and CR became LF"
    yield text.replace("\r\n", "\n").replace("\n", "\r\n"), "LF became CRLF"
    yield text.replace("\n", ""), "newlines are missing"
    yield text.replace("\0", ""), "NUL is missing"
    yield text.removeprefix("\ufeff"), "the byte order mark is missing"
    yield text.strip(), "trimmed"
    yield text.rstrip(), "trimmed at the end"
    yield text.lstrip(), "trimmed at the beginning"
    yield _SPACES.sub(" ", text).strip(), "white space collapsed"
    yield html.escape(text), "HTML-escaped"
    yield html.escape(text, quote=False), "HTML-escaped"
    yield html.escape(html.escape(text)), "HTML-escaped twice"
    yield html.unescape(text), "HTML-unescaped"
    for ascii_only in (True, False):
        yield json.dumps(text, ensure_ascii=ascii_only), "JSON-encoded once too often"
        yield json.dumps(text, ensure_ascii=ascii_only)[1:-1], "JSON-escaped once too often"
    yield text.encode("ascii", "replace").decode(), "non-ASCII became `?`"
    yield text.encode("ascii", "ignore").decode(), "non-ASCII is missing"
    yield text.encode(errors="replace").decode("latin-1"), "UTF-8 was read as Latin-1"
    yield text.encode(errors="replace").decode("cp1252", "replace"), "UTF-8 was read as Windows-1252"
    yield "".join(char for char in text if char < "\U00010000"), "code points above U+FFFF are missing"


def _repeated(expected: str, actual: str) -> str | None:
    times, rest = divmod(len(actual), max(len(expected), 1))
    if rest or times < 2 or actual != expected * times:
        return None
    return "doubled" if times == 2 else f"comes {times} times"


def _truncated(expected: str, actual: str) -> str | None:
    for end in ("", "\ufffd", "\u2026", "..."):
        kept = actual.removesuffix(end)
        if actual.endswith(end) and kept and expected.startswith(kept):
            return _cut(expected, kept, f" and {json.dumps(end)} added" if end else "")
    return None


def _cut(expected: str, kept: str, added: str) -> str:
    limit = known_limit(kept)
    if limit:
        return f"truncated at a known limit ({limit}){added}"
    if expected[len(kept) : len(kept) + 1] > "\uffff":
        return f"truncated before the code point U+{ord(expected[len(kept)]):X}, above U+FFFF{added}"
    return f"truncated at {len(kept)}{added}: the last {len(expected) - len(kept)} code points are missing"


def _tail_only(expected: str, actual: str) -> str | None:
    if not expected.endswith(actual):
        return None
    return f"the first {len(expected) - len(actual)} code points are missing"


def _surrogates_split(expected: str, actual: str) -> str | None:
    astral = re.compile("[\U00010000-\U0010ffff]")
    # A text that was kept shows U+FFFD for each half.
    if astral.search(expected) and actual in (astral.sub("\ufffd\ufffd", expected), astral.sub(_halves, expected)):
        return "surrogate pairs were split"
    return None


def _halves(astral: re.Match[str]) -> str:
    high, low = divmod(ord(astral[0]) - 0x10000, 0x400)
    return chr(0xD800 + high) + chr(0xDC00 + low)


def _replaced(expected: str, actual: str) -> str | None:
    """
    U+FFFD where something else was; a code point of four bytes can leave up to four of them.
    """
    first, *rest = re.split("\ufffd+", actual)
    if not rest or not expected.startswith(first) or not expected.endswith(rest[-1]):
        return None
    position = len(first)
    for piece in rest[:-1]:
        position = expected.find(piece, position + 1) + len(piece)
        if position < len(piece):
            return None
    return "U+FFFD stands for other code points: UTF-8 or a surrogate pair was cut between chunks"


def _case_changed(expected: str, actual: str) -> str | None:
    return "only the case differs" if expected.casefold() == actual.casefold() else None


def _piece(expected: str, actual: str) -> str | None:
    """
    One piece missing, or one too many.
    """
    start = common_prefix(expected, actual)
    size = abs(len(expected) - len(actual))
    shorter, longer = sorted((expected, actual), key=len)
    if not size or shorter[start:] != longer[start + size :]:
        return None
    if shorter is actual:
        return f"{size} code points are missing at {start}"
    extra = actual[start : start + size]
    twice = size <= start and extra == actual[start - size : start]
    return f"{size} code points come twice, at {start}" if twice else f"{size} code points too many at {start}"


HINTS: Final[tuple[Hint, ...]] = (
    *(_empty, _rewritten, _repeated, _truncated, _tail_only),
    *(_surrogates_split, _replaced, _case_changed, _piece),
)
