"""
The first fence: which texts are exactly one read-only SELECT.
"""

import pytest

from conformance.driver.stores.errors import UnsafeSql
from conformance.driver.stores.guard import bare_select, check_select

READING = [
    "SELECT 1",
    "select id, title from threads",
    "SELECT 1;",
    "SELECT 1; -- a comment",
    "SELECT 1 /* a comment */ ; ;",
    "-- first a comment\nSELECT 1",
    "(SELECT 1)",
    "WITH m AS (SELECT * FROM messages) SELECT count(*) FROM m",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
    "SELECT 1 UNION ALL SELECT 2",
    "SELECT '; DROP TABLE threads; --' AS text",
    "SELECT m.* FROM messages m LEFT JOIN threads t ON t.id = m.thread_id WHERE t.id IS NULL",
    "SELECT thread_id, count(*) AS n FROM messages GROUP BY thread_id ORDER BY n DESC",
    "SELECT id FROM messages WHERE thread_id = :p0 AND text LIKE '%' || :p1 || '%'",
    'SELECT "insert" AS "delete" FROM "update"',
]

POSTGRES_ONLY = [
    "SELECT content #>> '{text}' AS text, created_at::text FROM messages WHERE metadata @> '{\"a\": 1}'",
    "SELECT DISTINCT ON (thread_id) id FROM messages ORDER BY thread_id, created_at DESC",
    "SELECT $tag$; DELETE FROM threads$tag$ AS text",
    "SELECT * FROM jsonb_array_elements('[1, 2]'::jsonb) WITH ORDINALITY AS e(value, seq)",
]

HARMFUL = [
    "",
    "-- only a comment",
    ";",
    "INSERT INTO threads VALUES ('t')",
    "UPDATE threads SET title = 'x'",
    "DELETE FROM messages",
    "TRUNCATE messages",
    "DROP TABLE messages",
    "CREATE TABLE x (id int)",
    "CREATE TABLE x AS SELECT 1",
    "ALTER TABLE messages ADD COLUMN x int",
    "GRANT ALL ON messages TO PUBLIC",
    "MERGE INTO threads t USING threads s ON t.id = s.id WHEN MATCHED THEN DELETE",
    "SELECT 1; DELETE FROM messages",
    "SELECT 1; SELECT 2",
    "SELECT 1; -- quiet\n DROP TABLE messages",
    "SELECT 1 /* */; UPDATE threads SET title = ''",
    "SELECT $$a$$; DELETE FROM messages",
    "WITH gone AS (DELETE FROM messages RETURNING *) SELECT * FROM gone",
    "WITH made AS (INSERT INTO threads VALUES ('t') RETURNING *) SELECT * FROM made",
    "WITH made AS (UPDATE threads SET title = '' RETURNING *) SELECT * FROM made",
    "WITH m AS (SELECT 1) DELETE FROM messages",
    "SELECT * INTO copied FROM messages",
    "SELECT * FROM messages FOR UPDATE",
    "SELECT * FROM messages FOR SHARE",
    "SELECT * FROM (SELECT * FROM messages FOR UPDATE) AS m",
    "COPY messages TO '/tmp/stolen'",
    "COPY (SELECT 1) TO PROGRAM 'sh'",
    "DO $$ BEGIN DELETE FROM messages; END $$",
    "CALL clean_up()",
    "EXPLAIN ANALYZE DELETE FROM messages",
    "EXPLAIN SELECT 1",
    "VALUES (1)",
    "TABLE messages",
    "SHOW server_version",
    "SET ROLE postgres",
    "RESET ALL",
    "BEGIN",
    "COMMIT",
    "LOCK TABLE messages",
    "LISTEN turns",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "VACUUM",
    "ATTACH 'other.db' AS other",
    "ATTACH DATABASE 'other.db' AS other",
    "PRAGMA journal_mode = DELETE",
    "SELECT pg_sleep(60)",
    "SELECT pg_catalog.pg_sleep(60)",
    'SELECT "pg_sleep"(60)',
    "SELECT PG_SLEEP_FOR('1 minute')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT * FROM pg_ls_dir('/')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT * FROM dblink('host=elsewhere', 'SELECT 1') AS t(a int)",
    "SELECT set_config('role', 'postgres', false)",
    "SELECT nextval('messages_id_seq')",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_advisory_lock(1)",
    "SELECT query_to_xml('DELETE FROM messages', true, true, '')",
    "SELECT load_extension('evil')",
    "SELECT * FROM pragma_table_info('messages')",
    "SELECT id FROM messages WHERE id IN (SELECT nextval('s'))",
    "SELECT 'unclosed",
    "SELECT (",
    "gibberish",
]


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
@pytest.mark.parametrize("sql", READING)
def test_one_select_is_let_through(sql: str, dialect: str) -> None:
    check_select(sql, dialect)


@pytest.mark.parametrize("sql", POSTGRES_ONLY)
def test_postgres_own_ways_to_select_are_let_through(sql: str) -> None:
    check_select(sql, "postgres")


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
@pytest.mark.parametrize("sql", HARMFUL)
def test_everything_else_is_refused(sql: str, dialect: str) -> None:
    with pytest.raises(UnsafeSql):
        check_select(sql, dialect)


def test_a_refusal_says_where_what_and_what_to_do() -> None:
    with pytest.raises(UnsafeSql) as refused:
        check_select("SELECT 1;\n  DELETE FROM messages", "postgres")

    assert str(refused.value) == (
        "line 2, column 3: a second statement begins with `DELETE`\n"
        "  hint: write exactly one SELECT (a WITH before it is fine)"
    )


def test_a_denied_function_is_named_with_its_place() -> None:
    with pytest.raises(UnsafeSql) as refused:
        check_select("SELECT pg_sleep(60)", "postgres")

    assert str(refused.value).startswith("line 1, column 8: the function pg_sleep does more than read")


def test_nesting_without_end_is_refused_and_no_crash() -> None:
    with pytest.raises(UnsafeSql):
        check_select("SELECT " + "(" * 5000 + "1" + ")" * 5000, "postgres")


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(UnsafeSql, match="characters"):
        check_select("SELECT " + "1, " * 10_000 + "1", "postgres")


def test_the_bare_statement_can_stand_in_parentheses() -> None:
    assert bare_select("SELECT 1 AS a -- no more\n; -- really", "postgres") == "SELECT 1 AS a"


def test_a_refusal_writes_nothing_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UnsafeSql):
        check_select("LISTEN turns", "postgres")

    assert caplog.text == ""
