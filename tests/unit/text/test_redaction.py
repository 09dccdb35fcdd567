"""
Redaction: secrets go, everything else stays as it is.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.text.redaction import (
    MARK,
    Redactor,
    redact_command,
    redact_headers,
    redact_url,
    secrets_of_command,
)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc", f"Bearer {MARK}"),
        ("authorization", "abc", MARK),
        ("Proxy-Authorization", "Basic dXNlcg==", f"Basic {MARK}"),
        ("Cookie", "session=abc", MARK),
        ("set-cookie", "session=abc; Path=/", MARK),
        ("X-Api-Key", "abc", MARK),
        ("apikey", "abc", MARK),
        ("api-key", "abc", MARK),
        ("x-auth-token", "abc", MARK),
        ("x-portkey-virtual-key", "abc", MARK),
        ("idempotency-key", "abc", "abc"),
        ("x-ratelimit-remaining-tokens", "7", "7"),
        ("content-type", "text/plain", "text/plain"),
        ("x-monkey", "abc", "abc"),
    ],
)
def test_headers_with_credentials_are_redacted(name, value, shown):
    assert redact_headers({name: value}) == {name: shown}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://ada:pw@db/x", f"postgres://ada:{MARK}@db/x"),
        ("postgresql+psycopg://ada:p@s/w:1@db:5432/x", f"postgresql+psycopg://ada:{MARK}@db:5432/x"),
        ("postgres://ada:12345@db:5432/x", f"postgres://ada:{MARK}@db:5432/x"),
        ("redis://:pw@host:6379/0", f"redis://:{MARK}@host:6379/0"),
        ("postgres://db/x?user=ada&password=pw&a=1", f"postgres://db/x?user=ada&password={MARK}&a=1"),
        ("https://api/x?api_key=abc#top", f"https://api/x?api_key={MARK}#top"),
        ("host=db user=ada password='p w' dbname=x", f"host=db user=ada password={MARK} dbname=x"),
        ("http://host:8000/users/a@b.c", "http://host:8000/users/a@b.c"),
        ("http://[::1]:8000/a@b", "http://[::1]:8000/a@b"),
        ("postgres://ada@db/x", "postgres://ada@db/x"),
        ("sqlite:///file.db", "sqlite:///file.db"),
    ],
)
def test_urls_lose_their_passwords_and_nothing_else(url, shown):
    assert redact_url(url) == shown


def test_known_secrets_are_replaced_in_every_form():
    redactor = Redactor(['s3"cr/t', "s3cret", "s3cret-long", "tiny"])

    shown = redactor.text('s3"cr/t s3\\"cr/t s3%22cr%2Ft s3cret-long tiny')

    assert shown == f"{MARK} {MARK} {MARK} {MARK} tiny"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdef", f"Authorization: {MARK}"),
        ('{"authorization": "Basic dXNlcjpwdw=="}', f'{{"authorization": "{MARK}"}}'),
        ("sent Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", f"sent Bearer {MARK}"),
        ("key sk-proj-abcdefgh12345678 used", f"key {MARK} used"),
        ("ghp_abcdefghijklmnopqrst", MARK),
        ("Cookie: a=1; b=2", f"Cookie: {MARK}"),
        ("cannot connect to postgres://u:pw@db/x", f"cannot connect to postgres://u:{MARK}@db/x"),
    ],
)
def test_what_looks_like_a_secret_is_replaced(text, shown):
    assert Redactor().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "the Bearer of bad news",
        "bearer responsibilities",
        "I like the cookie: it is sweet",
        "sk-learn is not a secret",
        "My name is k7-violet-42",
        "see http://host:80/a@b and mail a@b.c",
        "authorization is hard",
        "task-management-and-more-words-2",
    ],
)
def test_ordinary_text_stays_as_it_is(text):
    assert Redactor(["hunter2secret"]).text(text) == text


@given(st.text(alphabet=st.characters(exclude_characters=":"), max_size=200).filter(lambda text: "earer" not in text))
def test_any_text_without_secrets_stays_as_it_is(text):
    assert Redactor(["hunter2secret"]).text(text) == text


@given(st.lists(st.text(min_size=6)), st.text(), st.text())
def test_redacting_twice_is_redacting_once(secrets, before, after):
    redactor = Redactor(secrets)
    once = redactor.text(before + " ".join(secrets) + " Authorization: Bearer abc123456 " + after)

    assert redactor.text(once) == once


@pytest.mark.parametrize(
    "hostile", ["://a:", "password=", "Authorization: ", "bearer a", "sk-a", "Cookie: a", "?key=", "'\\"]
)
def test_a_hostile_text_takes_linear_time(hostile):
    text = hostile * 40_000

    started = time.perf_counter()
    Redactor().text(text)
    redact_url(text)

    assert time.perf_counter() - started < 5  # 0.2 s measured; quadratic would be minutes


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("API_KEY=hunter2-x serve --port {port}", "API_KEY=[redacted] serve --port {port}"),
        ("env OPENAI_API_KEY='hun ter2-x' serve", "env OPENAI_API_KEY=[redacted] serve"),
        ('TOKEN="hunter2-x" serve', "TOKEN=[redacted] serve"),
        ("serve --api-key hunter2-x --port {port}", "serve --api-key [redacted] --port {port}"),
        ("serve --admin-password=hunter2-x", "serve --admin-password=[redacted]"),
        ("DB=postgres://user:hunter2-x@db/chat serve", "DB=postgres://user:[redacted]@db/chat serve"),
        ("serve --db 'host=db password=hunter2-x'", "serve --db 'host=db password=[redacted]'"),
    ],
)
def test_a_command_is_shown_without_what_it_names_a_secret(command, shown):
    assert redact_command(command) == shown


def test_the_secrets_of_a_command_are_known_wherever_it_says_them():
    command = "PAD_SECRET='hunter2-x' DB=postgres://user:p4ssw0rd@db/chat serve --token tok-3n"

    assert sorted(secrets_of_command(command)) == ["hunter2-x", "p4ssw0rd", "tok-3n"]


@pytest.mark.parametrize(
    "command",
    [
        "uvicorn app:app --port {port}",
        "MONKEY=banana MAX_TOKENS=100 serve --max-tokens 100",
        "OPENAI_API_KEY=$OPENAI_API_KEY serve --token {token} --db {db}",
        'API_KEY="$API_KEY" serve --auth --port {port}',
        "serve --ssl-keyfile key.pem --key-file key.pem",
    ],
)
def test_a_command_without_secrets_is_shown_as_it_is(command):
    assert (redact_command(command), list(secrets_of_command(command))) == (command, [])


@pytest.mark.parametrize("hostile", ["KEY=", "a_", "--key ", "--a-key-", 'key="', "://a:"])
def test_a_hostile_command_takes_linear_time(hostile):
    started = time.perf_counter()
    redact_command(hostile * 4_000)
    list(secrets_of_command(hostile * 4_000))

    assert time.perf_counter() - started < 5
