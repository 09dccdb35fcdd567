"""
The dialect shadflare, as far as no scenario can show it: what the SDK's clients really send, sums, rows, documents.
"""

from __future__ import annotations

import io
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from reference_process import CHUNK, Process, modelling, serving

from conformance.driver.postgres import PostgresServer

PRINCIPALS = {
    "alices": {"name": "alice", "user": "user-alice", "tenant": "tenant-1"},
    "bobs": {"name": "bob", "user": "user-bob", "tenant": "tenant-1"},
    "twins": {"name": "other-alice", "user": "user-alice", "tenant": "tenant-2"},
}
KNOWN = {"REFERENCE_PRINCIPALS": json.dumps(PRINCIPALS)}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("db") / "shadflare.db"


@pytest.fixture(scope="module")
def server(database: Path) -> Iterator[Process]:
    with serving(f"sqlite:///{database}", environment=KNOWN) as process:
        yield process


def ask(server: Process, method: str, path: str, token: str = "alices", **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
    return server.ask(method, f"/shadflare/api/v1{path}", headers=headers, **more)


def chat(server: Process, token: str = "alices", headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return ask(server, "POST", "/chat", token, json=body, headers=headers or {})


def conversation(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.headers["x-conversation-id"]


def texts(server: Process, name: str, token: str = "alices") -> list[str]:
    answer = ask(server, "GET", f"/chat/{name}", token)
    return [one["content"] for one in reversed(answer.json()["messages"])]


def version_4(*said: str) -> list[dict[str, Any]]:
    """
    Messages as `useChat` of version 4 posts them: without ids, the answers among them.
    """
    roles = ("user", "assistant")
    return [
        {"role": roles[at % 2], "content": text, "parts": [{"type": "text", "text": text}]}
        for at, text in enumerate(said)
    ]


# -- clients


def test_a_client_of_version_4_keeps_its_conversation_by_its_own_name(server: Process):
    first = chat(server, id="4VkEJz6eMEggoCyS", messages=version_4("My name is Ann"))
    second = chat(server, id="4VkEJz6eMEggoCyS", messages=version_4("My name is Ann", "Hi", "What is my name?"))

    assert conversation(first) == conversation(second)
    assert texts(server, conversation(first))[2:] == ["What is my name?", "Your name is Ann."]


def test_two_users_who_name_their_chats_alike_have_two(server: Process):
    mine = conversation(chat(server, "alices", id="chat-1", messages=version_4("Mine")))
    names = {
        conversation(chat(server, token, id="chat-1", messages=version_4("Theirs"))) for token in ("bobs", "twins")
    }

    assert len({mine, *names}) == 3


def test_a_submit_of_version_5_that_is_sent_again_is_answered_once(server: Process):
    message = {"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Once"}]}
    body = {"id": "chat-again", "messages": [message], "trigger": "submit-message"}
    first, second = chat(server, **body), chat(server, **body)

    assert [line for line in first.text.splitlines() if '"start"' in line] == [
        line for line in second.text.splitlines() if '"start"' in line
    ]
    assert len(texts(server, conversation(second))) == 2


def test_a_regenerate_of_version_5_replaces_the_answer_it_names(server: Process):
    message = {"id": "m1", "role": "user", "parts": [{"type": "text", "text": "Again?"}]}
    name = conversation(chat(server, id="chat-anew", messages=[message], trigger="submit-message"))
    old = ask(server, "GET", f"/chat/{name}").json()["messages"][0]["id"]
    chat(server, id="chat-anew", messages=[message], trigger="regenerate-message", messageId=old)
    shown = ask(server, "GET", f"/chat/{name}").json()

    assert [one["role"] for one in shown["messages"]] == ["assistant", "user"]
    assert shown["messages"][0]["id"] != old
    assert shown["messageCount"] == 2


def test_the_header_chooses_the_stream(server: Process):
    parts = chat(server, message="Hello", headers={"x-ai-protocol": "ui-message-stream-v1"})
    lines = chat(server, message="Hello")

    assert (parts.headers["x-vercel-ai-ui-message-stream"], parts.text[:6]) == ("v1", "data: ")
    assert (lines.headers["x-vercel-ai-data-stream"], lines.text[:2]) == ("v1", "f:")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": None},
        {"message": " "},
        {"message": 7},
        {"message": "a", "timeoutMs": 0},
        {"message": "a", "timeoutMs": 30001},
        {"message": "a", "regenerate": "yes"},
        {"regenerate": True},
        {"messages": []},
        {"messages": version_4("a", "b")},
        {"messages": [{"role": "user", "parts": [{"type": "file", "url": "data:"}]}]},
        {"message": "a\0b"},
        {"message": "a", "conversationId": ""},
    ],
)
def test_a_body_that_says_nothing_is_refused(server: Process, body: dict[str, Any]):
    answer = chat(server, **body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


# -- what is stored


def test_a_deleted_conversation_keeps_its_rows_and_shows_none(server: Process, database: Path):
    name = conversation(chat(server, message="Thrown away"))
    assert ask(server, "DELETE", f"/chat/{name}").status_code == 200

    for method, path, body in (
        ("GET", f"/chat/{name}", None),
        ("PATCH", f"/chat/{name}", {"title": "Back"}),
        ("DELETE", f"/chat/{name}", None),
        ("POST", f"/chat/{name}/archive", None),
        ("POST", f"/chat/{name}/share", None),
        ("GET", f"/chat/{name}/export", None),
        ("POST", "/chat", {"message": "Anybody?", "conversationId": name}),
        ("GET", f"/usage?scope=conversation&conversationId={name}", None),
    ):
        assert ask(server, method, path, json=body).status_code == 404, (method, path)
    with closing(sqlite3.connect(database)) as connection:
        row = connection.execute("SELECT deleted_at, message_count FROM threads WHERE id = ?", [name]).fetchone()
    assert row[0] is not None
    assert row[1] == 2


def test_an_answer_that_comes_after_the_deletion_revives_nothing(tmp_path: Path):
    with (
        modelling() as model,
        serving(f"sqlite:///{tmp_path}/late.db", "--upstream", model.url, environment=KNOWN) as server,
        ThreadPoolExecutor(1) as others,
    ):
        turn = others.submit(chat, server, message="Slowly")
        name = first_conversation(server)
        assert ask(server, "DELETE", f"/chat/{name}").status_code == 200
        model.gate.set()

        assert turn.result().status_code == 200
        assert ask(server, "GET", f"/chat/{name}").status_code == 404
        assert ask(server, "GET", "/chat").json()["conversations"] == []


def first_conversation(server: Process) -> str:
    for _ in range(200):
        if listed := ask(server, "GET", "/chat").json()["conversations"]:
            return str(listed[0]["id"])
        time.sleep(0.02)
    raise AssertionError("no conversation was begun")


def test_two_processes_take_turns_in_one_conversation(postgres_url: str, postgres: PostgresServer):
    with serving(postgres_url, environment=KNOWN) as one, serving(postgres_url, environment=KNOWN) as other:
        name = conversation(chat(one, message="First"))
        with ThreadPoolExecutor(8) as others:
            turns = [
                others.submit(chat, server, message=f"Turn {at}", conversationId=name)
                for at, server in enumerate([one, other] * 4)
            ]
            assert {turn.result().status_code for turn in turns} == {200}
        shown = ask(other, "GET", f"/chat/{name}").json()

    assert [one["role"] for one in shown["messages"]] == ["assistant", "user"] * 9
    assert shown["messageCount"] == shown["total"] == 18


# -- documents


def test_a_pdf_has_every_text_and_the_conversation_attached(server: Process):
    said = "Grüße, 世界 🌍 " + "and a long line " * 200
    name = conversation(chat(server, message=said))
    answer = ask(server, "GET", f"/chat/{name}/export?format=pdf")
    document = pypdf.PdfReader(io.BytesIO(answer.content))
    attached = json.loads(document.attachments["conversation.json"][0])
    title = ask(server, "GET", f"/chat/{name}").json()["title"]

    assert answer.headers["content-disposition"] == 'attachment; filename="conversation.pdf"'
    assert (document.metadata or {}).get("/Title") == title
    shown = "".join(page.extract_text() for page in document.pages)
    assert "Grüße, <U+4E16>" in shown
    assert shown.count("long") >= 200
    assert [one["content"] for one in attached["messages"]] == texts(server, name)


@pytest.mark.parametrize("character", [*map(chr, range(1, 32)), "\x7f", "\x80", "\u2028", "\ufffe", "**", "\\"])
def test_no_character_prevents_a_pdf(server: Process, character: str):
    name = conversation(chat(server, message=f"a{character}b"))

    assert ask(server, "GET", f"/chat/{name}/export?format=pdf").content.startswith(b"%PDF-")


# -- usage


def test_sums_are_of_the_conversation_the_user_and_the_tenant(tmp_path: Path):
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    with counting(usage) as url, serving(f"sqlite:///{tmp_path}/u.db", "--upstream", url, environment=KNOWN) as server:
        name = conversation(chat(server, message="One", model="gpt-4o"))
        chat(server, message="Two", model="gpt-4o", conversationId=name)
        chat(server, message="Elsewhere", model="nobody-knows-its-price")
        chat(server, "bobs", message="Bob's", model="gpt-4o")
        chat(server, "twins", message="Another tenant's", model="gpt-4o")

        def total(query: str, token: str = "alices") -> tuple[int, float | None]:
            sums = ask(server, "GET", f"/usage?{query}", token).json()
            assert sums["data"][0]["totalTokens"] == sums["total"]["totalTokens"]
            return sums["total"]["totalTokens"], sums["total"]["cost"]

        assert total(f"scope=conversation&conversationId={name}") == (220, pytest.approx(2 * 0.00035))
        assert total("scope=user&period=day") == (330, pytest.approx(2 * 0.00035))
        assert total("scope=tenant&period=month") == (440, pytest.approx(3 * 0.00035))
        assert total("scope=tenant", "twins") == (110, pytest.approx(0.00035))
        foreign = ask(server, "GET", f"/usage?scope=conversation&conversationId={name}", "bobs")
        assert foreign.status_code == 404


@contextmanager
def counting(usage: dict[str, int]) -> Iterator[str]:
    """
    A model that says how much it was.
    """
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    chunks = [
        CHUNK % "counted",
        f"data: {json.dumps(end)}\n\n",
        f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n",
    ]

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(("".join(chunks) + "data: [DONE]\n\n").encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
