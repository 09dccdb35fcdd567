"""
Is this text exactly one read-only SELECT? Answered before anything reaches a database.

The first of two fences: it reads the text, and so cannot know what a function of the user's own does. The second is the
database's: a read-only transaction on PostgreSQL, `mode=ro` and an authorizer on SQLite.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from conformance.driver.stores.errors import UnsafeSql

if TYPE_CHECKING:
    from sqlglot import Token
    from sqlglot.expressions import Expr

__all__ = ["bare_select", "check_select"]

ONE_SELECT = "write exactly one SELECT (a WITH before it is fine)"
MAX_LENGTH = 20_000  # characters; sqlglot takes 0.1 s for that many, and no check is as long

# They write, block, reach out, or run a text that nobody has checked. Names are compared in lower case.
DENIED = frozenset({
    "connectby", "copy", "crosstab", "currval", "cursor_to_xml", "edit", "fts3_tokenizer", "lastval", "load_extension",
    "nextval", "readfile", "set_config", "setval", "ts_rewrite", "ts_stat", "txid_current", "writefile",
})  # fmt: skip
DENIED_BEGINNINGS = (
    "binary_upgrade_", "database_to_xml", "dblink", "lo_", "pg_advisory_", "pg_backup_", "pg_cancel_", "pg_copy_",
    "pg_create_", "pg_current_xact_id", "pg_drop_", "pg_export_", "pg_file_", "pg_import_", "pg_log_", "pg_logical_",
    "pg_ls_", "pg_notify", "pg_promote", "pg_read_", "pg_reload_", "pg_replication_", "pg_rotate_", "pg_sleep",
    "pg_start_", "pg_stat_file", "pg_stat_reset", "pg_stop_", "pg_switch_", "pg_sync_", "pg_terminate_",
    "pg_try_advisory_", "pg_wal_", "pragma_", "query_to_xml", "schema_to_xml", "table_to_xml",
)  # fmt: skip


def check_select(sql: str, dialect: str) -> None:
    """
    Raises `UnsafeSql` unless `sql` is one read-only SELECT of `dialect` ("postgres" or "sqlite").

    A semicolon or a comment at its end is fine. VALUES, SHOW and EXPLAIN are refused: a SELECT can say the same.
    """
    bare_select(sql, dialect)


@functools.lru_cache(maxsize=256)
def bare_select(sql: str, dialect: str) -> str:
    """
    The checked statement without what may follow it (semicolon, comment), so that it can stand in parentheses.
    """
    if len(sql) > MAX_LENGTH:
        raise UnsafeSql("the SQL", f"it has {len(sql)} characters, more than {MAX_LENGTH}", ONE_SELECT)
    tokens = _one_statement(_tokens(sql, dialect))
    text = sql[: tokens[-1].end + 1]
    _check_tree(_tree(text, dialect), tokens)
    return text


def _tokens(sql: str, dialect: str) -> Sequence[Token]:
    import sqlglot  # 90 ms, and many runs have no store

    try:
        return sqlglot.tokenize(sql, read=dialect)
    except sqlglot.errors.TokenError as problem:
        raise UnsafeSql("the SQL", f"it cannot be read: {problem}", ONE_SELECT) from None


def _one_statement(tokens: Sequence[Token]) -> Sequence[Token]:
    kept = list(itertools.takewhile(lambda token: token.text != ";", tokens))
    rest = [token for token in tokens[len(kept) :] if token.text != ";"]
    if not kept:
        raise UnsafeSql("the SQL", "there is no statement in it", ONE_SELECT)
    if rest:
        raise UnsafeSql(_place(rest[0]), f"a second statement begins with `{rest[0].text}`", ONE_SELECT)
    first = next((token for token in kept if token.text != "("), kept[0])
    if first.text.upper() not in ("SELECT", "WITH"):
        raise UnsafeSql(_place(first), f"`{first.text}` is not a SELECT", ONE_SELECT)
    return kept


def _place(token: Token) -> str:
    # sqlglot counts a token's column at its last character.
    return f"line {token.line}, column {max(1, token.col - len(token.text) + 1)}"


def _tree(sql: str, dialect: str) -> Expr:
    import sqlglot

    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except sqlglot.errors.ParseError as problem:
        error = problem.errors[0] if problem.errors else {}
        place = f"line {error.get('line', 1)}, column {error.get('col', 1)}"
        raise UnsafeSql(place, f"not understood: {error.get('description', problem)}", ONE_SELECT) from None
    except RecursionError:
        raise UnsafeSql("the SQL", "it is nested too deeply", ONE_SELECT) from None
    return tree


def _check_tree(tree: Expr, tokens: Sequence[Token]) -> None:
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        raise UnsafeSql(_place(tokens[0]), f"{_words(tree)} is not a SELECT", ONE_SELECT)
    for node in tree.walk():
        for word, problem, way_out in _wrong(node):
            raise UnsafeSql(_find(word, tokens), problem, way_out)


def _words(node: Expr) -> str:
    return type(node).__name__.upper()


def _wrong(node: Expr) -> Iterator[tuple[str, str, str]]:
    from sqlglot import exp

    if isinstance(node, exp.DML | exp.DDL | exp.Command):
        yield _words(node), f"{_words(node)} changes things", "a check only reads; leave it out"
    elif isinstance(node, exp.Into):
        yield "INTO", "SELECT INTO makes a table", "leave INTO out: the rows come back as they are"
    elif isinstance(node, exp.Lock):
        yield "FOR", "FOR UPDATE and FOR SHARE lock rows", "leave it out: a read needs no lock"
    elif isinstance(node, exp.Func) and _denied(_name(node)):
        yield _name(node), f"the function {_name(node)} does more than read", "use functions that only compute"


def _name(node: Expr) -> str:
    from sqlglot import exp

    assert isinstance(node, exp.Func)
    return node.name if isinstance(node, exp.Anonymous) else node.sql_name()


def _denied(name: str) -> bool:
    name = name.lower()
    return name in DENIED or name.startswith(DENIED_BEGINNINGS)


def _find(word: str, tokens: Sequence[Token]) -> str:
    return next((_place(token) for token in tokens if token.text.upper() == word.upper()), "the SQL")
