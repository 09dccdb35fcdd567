"""
The dialects guide and anita, as far as no scenario can show it: real tokens, teachers, limits, logs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from reference_process import Process, modelling, serving, turn

PRINCIPALS = {
    "good": {"name": "alice", "user": "user-alice", "tenant": "tenant-1"},
    "twin": {"name": "other-alice", "user": "user-alice", "tenant": "tenant-2"},
    "few": {"name": "dave", "user": "user-dave", "tenant": "tenant-1", "limit": 3},
}
KNOWN = {"REFERENCE_PRINCIPALS": json.dumps(PRINCIPALS)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('db')}/guide.db", environment=KNOWN) as process:
        yield process


def chat(server: Process, thread: str, token: str = "good", **more: Any) -> httpx.Response:
    body = {"thread_id": thread, "message": "Hello!", **more}
    return server.ask("POST", "/guide/api/chat", json=body, headers={"authorization": f"Bearer {token}"})


def as_teacher(server: Process, method: str, path: str, teacher: str | None, **more: Any) -> httpx.Response:
    return server.ask(method, f"/anita{path}", headers={"x-teacher-id": teacher} if teacher else {}, **more)


# -- tokens


@pytest.mark.parametrize(
    "header", ["good", "Basic good", "Bearer", "Bearergood", "Token good", "Bearer goodBearer ", "good Bearer"]
)
def test_a_token_needs_its_scheme(server: Process, header: str):
    answer = server.ask("GET", "/guide/api/threads", headers={"authorization": header.strip()})

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("header", ["Bearer good", "bearer good", "BEARER  good"])
def test_the_scheme_is_a_word_in_any_case(server: Process, header: str):
    assert server.ask("GET", "/guide/api/threads", headers={"authorization": header}).status_code == 200


@pytest.mark.parametrize("body", [b"{not json", b"\xff", b'{"thread_id": 7}', b""])
def test_who_asks_is_asked_first(server: Process, body: bytes):
    headers = {"content-type": "application/json"}
    refused = server.ask("POST", "/guide/api/chat", content=body, headers=headers)
    known = server.ask("POST", "/guide/api/chat", content=body, headers={**headers, "authorization": "Bearer good"})

    assert (refused.status_code, known.status_code in (400, 422)) == (401, True)


def test_users_of_the_same_name_in_two_tenants_are_two(server: Process):
    assert chat(server, "named-alike", "good").status_code == 200

    listed = server.ask("GET", "/guide/api/threads", headers={"authorization": "Bearer twin"})
    assert (listed.json(), chat(server, "named-alike", "twin").status_code) == ([], 403)


def test_the_body_may_name_the_user_whose_token_it_is(server: Process):
    assert chat(server, "named", user_id="user-alice").status_code == 200
    assert chat(server, "named", user_id="user-dave").status_code == 403


# -- limits


def test_two_processes_count_together(postgres_url: str):
    with ExitStack() as stack:
        both = [stack.enter_context(serving(postgres_url, environment=KNOWN)) for _ in range(2)]
        with ThreadPoolExecutor(6) as threads:
            answers = [*threads.map(lambda n: chat(both[n % 2], f"t{n}", "few"), range(6))]
        kept = both[0].ask("GET", "/guide/api/threads", headers={"authorization": "Bearer few"}).json()

    refused = [one for one in answers if one.status_code == 429]
    assert sorted(one.status_code for one in answers) == [200] * 3 + [429] * 3
    # Three turns count for three until the next minute, and for two when a third of that is over.
    assert all(1 <= int(one.headers["retry-after"]) <= 80 for one in refused)
    assert len(kept) == 3


def test_a_teacher_who_is_a_principal_has_that_limit(tmp_path: Path):
    with serving(f"sqlite:///{tmp_path / 'a.db'}", environment=KNOWN) as server:
        asked = [as_teacher(server, "POST", "/chat", "few", json=turn("t", f"say {n}")) for n in range(4)]
        others = [as_teacher(server, "POST", "/chat", who, json=turn(f"of-{who}", "Hello!")) for who in ("good", None)]

    assert [one.status_code for one in asked] == [200, 200, 200, 429]
    assert (asked[3].json()["code"], [one.status_code for one in others]) == ("rate_limited", [200, 200])


# -- teachers


def test_another_teachers_thread_is_no_thread(server: Process):
    as_teacher(server, "POST", "/chat", "ann", json=turn("anns", "Hello!", "q1", "a1"))
    routes = [("GET", "/threads/{}", None), ("GET", "/threads/{}/messages", None), ("DELETE", "/threads/{}", None)]
    changes = [("PATCH", "/threads/{}", {"title": "x"}), ("PATCH", "/messages/q1?thread={}", {"content": "x"})]

    for method, path, body in routes + changes:
        foreign, never = (as_teacher(server, method, path.format(one), "ben", json=body) for one in ("anns", "never"))
        assert (foreign.status_code, foreign.content) == (404, never.content), path
    assert as_teacher(server, "POST", "/chat", "ben", json=turn("anns", "Hi")).status_code == 404
    assert as_teacher(server, "GET", "/threads/anns/messages", "ann").json()[0]["content"] == "Hello!"


def test_a_message_is_found_by_its_id_among_the_teachers_own(server: Process):
    for teacher in ("cleo", "dan"):
        as_teacher(server, "POST", "/chat", teacher, json=turn(f"of-{teacher}", "Helo", "same-id", f"a-{teacher}"))

    changed = as_teacher(server, "PATCH", "/messages/same-id", "cleo", json={"content": "Hello"})

    assert (changed.status_code, changed.json()["content"]) == (200, "Hello")
    assert as_teacher(server, "GET", "/threads/of-dan/messages", "dan").json()[0]["content"] == "Helo"


def test_without_a_teacher_everything_is_nobodys(server: Process):
    as_teacher(server, "POST", "/chat", "eve", json=turn("eves", "Hello!"))
    as_teacher(server, "POST", "/chat", None, json=turn("nobodys", "Hello!"))

    nobodys = [one["id"] for one in as_teacher(server, "GET", "/threads", None).json()]
    assert ("nobodys" in nobodys, "eves" in nobodys) == (True, False)
    assert [one["id"] for one in as_teacher(server, "GET", "/threads", "eve").json()] == ["eves"]
    assert as_teacher(server, "GET", "/threads/nobodys", "eve").status_code == 404


# -- errors


def test_an_error_has_a_code(server: Process):
    as_teacher(server, "POST", "/threads", None, json={"id": "taken"})
    asked = {
        "thread_not_found": ("GET", "/threads/never", None),
        "message_not_found": ("PATCH", "/messages/never", {"content": "x"}),
        "conflict": ("POST", "/threads", {"id": "taken"}),
        "invalid_request": ("POST", "/chat", {}),
        "not_found": ("GET", "/no-such-route", None),
        "method_not_allowed": ("PUT", "/chat", None),
    }

    for code, (method, path, body) in asked.items():
        assert as_teacher(server, method, path, None, json=body).json()["code"] == code


def test_a_dead_model_is_a_502_and_nothing_is_told_of_it(tmp_path: Path):
    with modelling() as model:
        address = model.url
    with serving(f"sqlite:///{tmp_path / 'a.db'}", "--upstream", address) as server:
        answer = chat(server, "t")

    assert (answer.status_code, answer.json()) == (502, {"detail": "the model broke off"})


# -- figures and logs


def test_the_figures_are_what_prometheus_reads(server: Process):
    chat(server, "counted")

    shown = server.ask("GET", "/guide/metrics")

    assert shown.headers["content-type"].startswith("text/plain; version=")
    assert {"chat_requests_total", "chat_duration_seconds_sum"} <= {
        one.split(" ")[0] for one in shown.text.splitlines()
    }


def figure(server: Process, name: str) -> float:
    lines = dict(line.rsplit(" ", 1) for line in server.ask("GET", "/guide/metrics").text.splitlines())
    return float(lines[name])


def test_the_first_text_of_a_turn_is_measured_once(server: Process):
    before = figure(server, "chat_first_token_seconds_count")

    chat(server, "measured")

    assert figure(server, "chat_first_token_seconds_count") - before == 1


def test_turns_are_logged_as_json(tmp_path: Path):
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--log", "json", "--exit-with-parent"]
    with subprocess.Popen(
        [*command, "--db", f"sqlite:///{tmp_path / 'a.db'}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        url = process.stdout.readline().split()[1]
        sent = {"headers": {"x-teacher-id": "ann"}, "trust_env": False}
        assert httpx.post(f"{url}/chat", json=turn("logged", "Secret words"), **sent).status_code == 200
        asked, done = (json.loads(process.stderr.readline()) for _ in range(2))
        process.kill()

    assert (asked["event"], asked["conversationId"], asked["userId"]) == ("chat request", "logged", "ann")
    assert (done["event"], done["finishReason"]) == ("stream complete", "stop")
    assert asked["timestamp"] <= done["timestamp"]
    assert "Secret words" not in json.dumps([asked, done])
