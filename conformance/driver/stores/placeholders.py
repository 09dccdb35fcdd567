"""
Binds `:p0` placeholders in the way of each driver, and leaves no parameter unbound without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from conformance.driver.stores.errors import QueryWrong

__all__ = ["bind", "quoted_names"]

# Everything where a colon is no placeholder is matched first: quoted texts, comments, casts.
_PIECE = re.compile(
    r"""(?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
      | (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<skipped>--[^\n]* | /\*.*?\*/ | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | ::)
      | :(?P<name>[A-Za-z_]\w*)""",
    re.VERBOSE | re.DOTALL,
)


def bind(sql: str, names: Collection[str], spell: Callable[[str], str], plain: Callable[[str], str] = str) -> str:
    """
    `sql` with each `:name` of `names` written as `spell(name)`, and all other text passed through `plain`.

    A name in a quoted text is bound too: `'%:p0%'` becomes `('%' || :p0 || '%')`, for a scenario says `'%${canary}%'`
    and a comparison with the letters ":p0" would pass without having looked at anything.
    """
    found: set[str] = set()
    binder = _Binder(frozenset(names), found, spell, plain)
    parts, end = [], 0
    for piece in _PIECE.finditer(sql):
        parts += [plain(sql[end : piece.start()]), binder.piece(piece)]
        end = piece.end()
    parts.append(plain(sql[end:]))
    _check_all_bound(frozenset(names) - found)
    return "".join(parts)


def quoted_names(sql: str) -> list[str]:
    """
    The names in double quotes.
    """
    return [piece["quoted"][1:-1] for piece in _PIECE.finditer(sql) if piece["quoted"]]


class _Binder:
    def __init__(
        self, names: Collection[str], found: set[str], spell: Callable[[str], str], plain: Callable[[str], str]
    ) -> None:
        self._names = names
        self._found = found
        self._spell = spell
        self._plain = plain

    def piece(self, piece: re.Match[str]) -> str:
        if piece["name"] in self._names:
            return self._bound(piece["name"])
        if piece["text"]:
            return self._literal(piece["text"][1:-1])
        return self._plain(piece[0])

    def _bound(self, name: str) -> str:
        self._found.add(name)
        return self._spell(name)

    def _literal(self, text: str) -> str:
        if not self._names:
            return self._plain(f"'{text}'")
        # Even places are text, odd ones are names.
        split = re.split(rf":({'|'.join(map(re.escape, self._names))})\b", text)
        parts = [self._bound(part) if at % 2 else self._plain(f"'{part}'") for at, part in enumerate(split)]
        return parts[0] if len(parts) == 1 else f"({' || '.join(parts)})"


def _check_all_bound(left: Collection[str]) -> None:
    if left:
        names = ", ".join(f":{name}" for name in sorted(left))
        raise QueryWrong("the query", f"{names} is never bound", "use ${...} outside of comments and double quotes")
