"""
Scenarios against the ledger and against a profile.
"""

from pathlib import Path

import pytest

from conformance.errors import DocumentsInvalid
from conformance.loading.ledger import read_ledger
from conformance.loading.lint import lint_against_ledger, lint_ledger, missing_operations
from conformance.loading.loaded import LoadedScenario
from conformance.loading.profiles import load_profile
from conformance.loading.scenarios import read_scenario

HEAD = "id: a/b\ntitle: T\n"
CHAT = "  - chat: {thread: t, say: hi}\n"

LEDGER = """
capabilities: {titles: Threads have titles.}
policies: {delete: {sentence: How., values: [hard, soft]}}
requirements:
  - {id: a/b, level: MUST, sentence: A sentence of some length, source: [x]}
  - {id: a/c, level: MUST, sentence: A sentence of some length, source: [x]}
  - {id: a/d, level: MUST, sentence: A sentence of some length, source: [x], untested: Cannot be seen}
areas: {a: {title: A, sentence: What they have in common.}}
"""
AREA = "areas: {a: {title: A, sentence: What they have in common.}}\n"


def loaded(tmp_path: Path, text: str) -> LoadedScenario:
    file = tmp_path / "a.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    return read_scenario(file)


@pytest.fixture
def ledger(tmp_path):
    file = tmp_path / "requirements.yaml"
    file.write_text(LEDGER, encoding="utf-8")
    return read_ledger(file)


def words(tmp_path, ledger, text, strict=False):
    scenario = loaded(tmp_path, text + f"steps:\n{CHAT}")
    return [
        str(one).removeprefix(f"{tmp_path}/") for one in lint_against_ledger(scenario, ledger.ledger, strict=strict)
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "needs: [chat, tittles]\n",
            "a.yaml:3:15: the ledger has no capability `tittles`\n  hint: did you mean `titles`?",
        ),
        (
            "needs: [upstraem]\n",
            "a.yaml:3:9: the ledger has no capability `upstraem`\n  hint: did you mean `upstream`?",
        ),
        ("policy: {delte: hard}\n", "a.yaml:3:10: the ledger has no policy `delte`\n  hint: did you mean `delete`?"),
        ("policy: {delete: sotf}\n", "a.yaml:3:18: policy `delete` cannot be `sotf`\n  hint: did you mean `soft`?"),
        ("policy: {delete: [hard, x]}\n", "a.yaml:3:25: policy `delete` cannot be `x`\n  hint: known: `hard`, `soft`"),
    ],
)
def test_a_word_that_the_ledger_does_not_have_is_told(tmp_path, ledger, text, problem):
    assert words(tmp_path, ledger, text) == [problem]


def test_a_scenario_of_ones_own_may_name_a_requirement_of_ones_own(tmp_path, ledger):
    assert words(tmp_path, ledger, "requirement: my/own\n") == []


def test_a_shipped_scenario_names_a_requirement_of_the_ledger(tmp_path, ledger):
    [found] = words(tmp_path, ledger, "requirement: a/cc\n", strict=True)

    assert found == "a.yaml:3:14: the ledger has no requirement `a/cc`\n  hint: did you mean `a/c`?"


def test_every_requirement_has_a_scenario_or_a_reason(tmp_path, ledger):
    shown = [loaded(tmp_path, f"{line}steps:\n{CHAT}") for line in ("", "requirement: a/d\n")]

    found = [str(one).split("\n")[0].removeprefix(f"{tmp_path}/") for one in lint_ledger(ledger, shown)]

    assert found == [
        "requirements.yaml:6:10: no scenario shows `a/c`",
        "requirements.yaml:7:78: a scenario shows `a/d`",
    ]


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("capability: tiles", "2:102: the ledger has no capability `tiles`"),
        ("policy: dalete", "2:98: the ledger has no policy `dalete`"),
    ],
)
def test_a_requirement_uses_the_ledgers_words(tmp_path, word, problem):
    one = f"{{id: a/b, level: MUST, sentence: A sentence of some length, source: [x], untested: no, {word}}}"
    file = tmp_path / "requirements.yaml"
    file.write_text(f"requirements:\n- {one}\ncapabilities: {{titles: x}}\npolicies: {{}}\n{AREA}", encoding="utf-8")

    [found] = lint_ledger(read_ledger(file), [])

    assert str(found).startswith(f"{file}:{problem}")


@pytest.mark.parametrize(
    ("areas", "problem"),
    [
        ("{}", "2:8: the ledger has no area `a`"),
        ("{a: {title: A, sentence: All of them.}, b: {title: B, sentence: None of them.}}", "no requirement is of"),
    ],
)
def test_every_area_has_a_title_and_every_title_requirements(tmp_path, areas, problem):
    one = "- {id: a/b, level: MUST, sentence: A sentence of some length, source: [x], untested: no}"
    file = tmp_path / "requirements.yaml"
    file.write_text(f"requirements:\n{one}\ncapabilities: {{}}\npolicies: {{}}\nareas: {areas}\n", encoding="utf-8")

    [found] = lint_ledger(read_ledger(file), [])

    assert problem in str(found)


def test_a_requirement_given_twice_is_refused(tmp_path):
    one = "- {id: a/b, level: MUST, sentence: A sentence of some length, source: [x]}\n"
    file = tmp_path / "requirements.yaml"
    file.write_text(f"capabilities: {{}}\npolicies: {{}}\nrequirements:\n{one}{one}", encoding="utf-8")

    with pytest.raises(DocumentsInvalid, match=r":5:8: requirement `a/b` is given twice"):
        read_ledger(file)


def test_an_operation_that_the_profile_lacks_is_told_at_its_step(tmp_path):
    scenario = loaded(tmp_path, "steps:\n  - list_threads: {}\n")

    [found] = missing_operations(scenario, load_profile("completions"))

    assert (
        str(found)
        .removeprefix(f"{tmp_path}/")
        .startswith('a.yaml:4:5: profile "completions" has no operation `list_threads`\n  hint: ')
    )
    assert "say `needs: [list_threads]` in the scenario" in str(found)


def test_an_unstreamed_chat_is_an_operation_of_its_own(tmp_path):
    scenario = loaded(tmp_path, "steps:\n  - chat: {thread: t, say: x, stream: false}\n")

    [found] = missing_operations(scenario, load_profile("anita"))

    assert (found.column, "`chat_unstreamed`" in found.text) == (31, True)


@pytest.mark.parametrize("line", ["needs: [list_threads]", "needs: [titles]", "policy: {delete: soft}"])
def test_a_scenario_that_a_profile_does_not_play_may_use_what_it_lacks(tmp_path, line):
    scenario = loaded(tmp_path, f"{line}\nsteps:\n  - list_threads: {{}}\n")

    assert list(missing_operations(scenario, load_profile("completions"))) == []


def test_the_policy_of_a_message_must_be_one(tmp_path, ledger):
    match = "  - list_messages: {thread: t}\n    expect: {messages: [{role: user, policy: {delete: sotf}}]}\n"
    scenario = loaded(tmp_path, f"steps:\n{CHAT}{match}")

    assert [str(one).partition(": ")[2] for one in lint_against_ledger(scenario, ledger.ledger)] == [
        "policy `delete` cannot be `sotf`\n  hint: did you mean `soft`?"
    ]
