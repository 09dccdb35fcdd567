"""
Profiles by name and by file, and what they extend.
"""

from pathlib import Path

import pytest

from conformance.errors import DocumentsInvalid, UsageError
from conformance.loading.ledger import read_ledger
from conformance.loading.lint import lint_profile_words
from conformance.loading.places import builtin_profiles, shipped_ledger
from conformance.loading.profiles import load_profile, read_profile

CHAT = "chat: {request: {method: POST, path: /c}, stream: {framing: sse}}"


def write(folder: Path, text: str, name: str = "p.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def refusals(file: Path) -> list[str]:
    with pytest.raises(DocumentsInvalid) as caught:
        load_profile(file)
    return [str(problem).split("\n")[0].removeprefix(f"{file.parent}/") for problem in caught.value.problems]


@pytest.mark.parametrize("name", builtin_profiles())
def test_a_builtin_profile_is_named_like_its_file_and_speaks_the_ledgers_words(name):
    loaded = read_profile(name)

    assert loaded.profile.profile == name
    assert list(lint_profile_words(loaded, read_ledger(shipped_ledger()).ledger)) == []


def test_there_are_builtin_profiles():
    assert {"anita", "completions"} <= set(builtin_profiles())


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(UsageError, match=r"no profile 'anitta'. Did you mean anita\? Known: .*completions"):
        load_profile("anitta")


def test_a_child_changes_a_few_lines_of_its_parent(tmp_path):
    file = write(tmp_path, "extends: anita\nprofile: mine\npolicies: {delete: soft}\ncapabilities: [titles]\n")

    mine, parent = load_profile(file), load_profile("anita")

    assert mine.profile == "mine"
    assert mine.policies == {**parent.policies, "delete": "soft"}
    assert mine.capabilities == ["titles"]
    assert mine.operations == parent.operations


def test_a_parent_may_be_a_file_beside_its_child(tmp_path):
    write(tmp_path, f"profile: old\ntitle: Old\noperations: {{{CHAT}}}\n", "old.yaml")
    file = write(tmp_path, "profile: new\nextends: old.yaml\n")

    assert load_profile(file).title == "Old"


def test_profiles_that_extend_each_other_are_refused(tmp_path):
    write(tmp_path, "profile: b\nextends: p.yaml\n", "b.yaml")
    file = write(tmp_path, "profile: a\nextends: b.yaml\n")

    assert refusals(file) == ["b.yaml:2:10: `p.yaml` extends this profile in turn"]


@pytest.mark.parametrize("parent", ["anitta", "5", "[a]"])
def test_an_unknown_parent_is_refused(tmp_path, parent):
    assert "p.yaml:2:10: there is no profile" in refusals(write(tmp_path, f"profile: a\nextends: {parent}\n"))[0]


def test_a_mistake_in_a_parent_is_placed_there(tmp_path):
    write(tmp_path, "profile: b\ntitle: B\nsettle: soon\n", "b.yaml")
    file = write(tmp_path, "profile: a\nextends: b.yaml\n")

    assert refusals(file) == ["b.yaml:3:9: `settle`: `soon` is not a duration: `300ms`, `2s`"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            "chat: {request: {method: POST, path: '/${thred}'}, stream: {framing: sse}}",
            "4:42: no step gives a value for `${thred}`",
        ),
        (
            "chat: {request: {method: POST, path: /c, json: ['${text']}, stream: {framing: sse}}",
            "4:52: `${` without `}`",
        ),
        (
            "chat: {request: {method: POST, path: /c}, stream: {framing: sse}, id: id}",
            "4:73: `id` is no JSON path: a path begins",
        ),
        ("chat: {request: {method: POST, path: /c}}", "4:3: `chat` does not say where the answer's text is"),
        (
            "list_messages: {request: {method: GET, path: /m}, items: $, fields: {text: $.text}}",
            "4:63: `list_messages` needs the field `role`",
        ),
        (
            "list_messages: {request: {method: GET, path: /m}, fields: {text: $.text, role: $.role}}",
            "4:3: `list_messages` needs `items`",
        ),
    ],
)
def test_an_operation_that_cannot_work_is_refused(tmp_path, lines, problem):
    [found] = refusals(write(tmp_path, f"profile: a\ntitle: A\noperations:\n  {lines}\n"))

    assert found.startswith(f"p.yaml:{problem}")


DELTA = "events: [{text: $.delta, end: true}]"


@pytest.mark.parametrize(
    ("stream", "problem"),
    [
        ("framing: json-sse", "5:23: json-sse does not say what its events mean"),
        (f"framing: sse, {DELTA}", "5:23: sse says itself what its events mean"),
        ("framing: json-sse, events: [{name: end, end: true}]", "5:33: no event has the answer's text"),
        ("framing: json-sse, events: [{text: $.delta}]", "5:33: no event ends the stream"),
        ("framing: json-sse, events: [{text: delta, end: true}]", "5:49: `delta` is no JSON path"),
        (
            "framing: json-sse, events: [{where: {type: a}, text: $.d, end: true}]",
            "5:51: `type` is no JSON path: a path begins",
        ),
        (
            "framing: json-sse, terminal: false, events: [{text: $.d}, {name: end}]",
            "5:59: any event fits this one; what follows is dead",
        ),
        (
            "framing: json-sse, events: [{text: $.d, whole: $.d, end: true}]",
            "5:54: an event has one of `text`, `whole`",
        ),
        (
            "framing: json-sse, events: [{data: x, end: true, text: $.d}]",
            "5:43: an event that is known by its whole `data` has no paths",
        ),
        ("framing: json-lines, events: [{name: x, end: true, text: $.d}]", "5:45: lines have no names"),
        ("framing: json-sse, others: skip, events: [{text: $.d, end: true}]", "5:41: `others`"),
    ],
)
def test_a_stream_whose_events_cannot_be_read_is_refused(tmp_path, stream, problem):
    chat = f"chat:\n    stream: {{{stream}}}\n    request: {{method: POST, path: /c}}"

    [found] = refusals(write(tmp_path, f"profile: a\ntitle: A\noperations:\n  {chat}\n"))

    assert found.startswith(f"p.yaml:{problem}")


def test_an_event_must_tell_the_thread_that_the_stream_is_said_to_tell(tmp_path):
    chat = f"{{request: {{method: POST, path: /c}}, stream: {{framing: json-sse, {DELTA}}}, thread: stream}}"

    [found] = refusals(write(tmp_path, f"profile: a\ntitle: A\noperations:\n  chat: {chat}\n"))

    assert found.endswith("no event tells the id of the thread")


def test_an_error_body_must_be_a_json_schema(tmp_path):
    file = write(tmp_path, "profile: a\ntitle: A\nerrors:\n  body: {type: objekt}\n")

    assert refusals(file)[0].startswith("p.yaml:4:16: not a JSON Schema: 'objekt'")


def test_a_body_is_json_or_a_form(tmp_path):
    request = "{method: POST, path: /h, json: {a: b}, form: {a: b}}"
    file = write(tmp_path, f"profile: a\ntitle: A\noperations:\n  health: {{request: {request}}}\n")

    assert refusals(file) == ["p.yaml:4:12: a body is `json` or `form`, not both"]


@pytest.mark.parametrize(
    ("sql", "accepted"),
    [
        ("SELECT ';' AS a FROM t -- ; no", True),
        ("with x as (select 1) select * from x;", True),
        ("SELECT 1; DELETE FROM t", False),
        ("DELETE FROM t", False),
        ("/* SELECT */ DROP TABLE t", False),
    ],
)
def test_a_mapping_is_one_select(tmp_path, sql, accepted):
    file = write(tmp_path, f'profile: a\ntitle: A\nstore:\n  threads: "{sql}"\n  messages: SELECT 1\n')

    if accepted:
        assert load_profile(file).store is not None
    else:
        assert refusals(file) == ["p.yaml:4:12: `threads` is not one SELECT"]


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ("{thread_id: t, role: r, text: x}", []),
        ("{thread_id: t, role: r}", ["p.yaml:9:5: `messages` needs the column `text`"]),
        ("{thread_id: t, role: r, text: x, titel: y}", ["p.yaml:9:46: `messages` has no column `titel`"]),
        ("{thread_id: t, role: r, text: x..y}", ["p.yaml:9:43: `x..y` is no path into a document"]),
        ("{thread_id: t, role: r, text: x}\n    values: {name: {a: b}}", ["p.yaml:10:14: `values` renames the column"]),
    ],
)
def test_a_collection_gives_canonical_columns(tmp_path, messages, told):
    head = "profile: a\ntitle: A\nstore:\n  threads:\n    collection: threads\n    fields: {id: __name__}\n"
    file = write(tmp_path, f"{head}  messages:\n    collection: m\n    fields: {messages}\n")
    if not told:
        assert load_profile(file).store is not None
    else:
        assert [one[: len(text)] for one, text in zip(refusals(file), told, strict=True)] == told


def test_words_that_the_ledger_does_not_have_are_found(tmp_path):
    file = write(tmp_path, "profile: a\ntitle: A\ncapabilities: [title]\npolicies: {delete: had, dlete: hard}\n")
    ledger = read_ledger(shipped_ledger()).ledger

    found = [str(one).removeprefix(str(file)) for one in lint_profile_words(read_profile(file), ledger)]

    assert found == [
        ":3:16: the ledger has no capability `title`\n  hint: did you mean `titles`?",
        ":4:20: policy `delete` cannot be `had`\n  hint: did you mean `hard`?",
        ":4:25: the ledger has no policy `dlete`\n  hint: did you mean `delete`?",
    ]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("auth: {}\n", "p.yaml:4:1: `auth` without `principals`"),
        ("principals: [alice, nobody]\n", "p.yaml:4:21: `nobody` cannot be a principal"),
        ("principals: [alice, alice]\n", "p.yaml:4:21: `alice` is named twice"),
        ("principals: [alice]\nauth: {value: Bearer}\n", "p.yaml:5:15: the credential is not in the header"),
        (
            "principals: [alice]\nauth: {header: x-a}\nheaders: {X-A: b}\n",
            "p.yaml:6:1: `x-a` is also the header of `auth`",
        ),
    ],
)
def test_principals_need_a_header_and_names_that_mean_them(tmp_path, lines, told):
    assert refusals(write(tmp_path, f"profile: a\ntitle: A\noperations: {{{CHAT}}}\n{lines}")) == [told]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("ids: {thread: server}\n", "p.yaml:3:14: `chat` does not say where a new thread's id is"),
        ("makes: {assistent: create_run}\n", "p.yaml:4:9: no request fills in `assistent`"),
        ("makes: {assistant: create_assistant}\n", "p.yaml:4:20: the profile has no operation `create_assistant`"),
        ("makes: {thread: create_run}\n", "p.yaml:4:9: threads are made without being asked for"),
    ],
)
def test_what_is_made_gets_an_id(tmp_path, lines, told):
    assert told in refusals(write(tmp_path, f"profile: a\ntitle: A\noperations: {{{CHAT}}}\n{lines}"))[0]


def test_a_list_of_anything_needs_its_items_and_their_ids(tmp_path):
    runs = "list_runs: {request: {method: GET, path: /r}}"

    found = refusals(write(tmp_path, f"profile: a\ntitle: A\noperations: {{{runs}}}\n"))

    assert [one.partition(": ")[2] for one in found] == [
        "`list_runs` needs `items`",
        "`list_runs` needs the field `id`",
    ]
