"""
Defaults come from a file, then from variables, then from the command line, and nobody has to guess which.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main

SECRET = "s3cr3t-of-mine-1"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "mine.yaml").write_text("extends: anita\nprofile: mine\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def threadgauge(*words: str, **variables: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(words), env=variables)
    return result.exit_code, result.output


def settings(*words: str, **variables: str) -> dict[str, tuple[object, str]]:
    code, told = threadgauge("config", "--json", *words, **variables)
    assert code == 0, told
    return {key: (one["value"], one["from"]) for key, one in json.loads(told).items()}


def test_a_flag_goes_before_a_variable_and_that_before_the_file(project: Path):
    (project / "pyproject.toml").write_text("[tool.threadgauge]\nseed = 1\nin-flight = 2\ntimeout = 3\n")
    found = settings("--seed", "7", THREADGAUGE_SEED="8", THREADGAUGE_IN_FLIGHT="9")

    assert found["seed"] == (7, "command line")
    assert found["in-flight"] == (9, "variable THREADGAUGE_IN_FLIGHT")
    assert found["timeout"] == (3.0, "pyproject.toml:4")
    assert found["order"] == ("longest", "default")


def test_a_file_of_our_own_goes_before_the_project_s(project: Path):
    (project / "pyproject.toml").write_text("[tool.threadgauge]\nseed = 1\n")
    (project / "threadgauge.toml").write_text("seed = 2\n")

    assert settings()["seed"] == (2, "threadgauge.toml:1")


def test_a_project_without_our_table_is_passed_by(project: Path, monkeypatch: pytest.MonkeyPatch):
    (project / "threadgauge.toml").write_text("seed = 2\n")
    (project / "sub" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.chdir(project / "sub")

    assert settings()["seed"] == (2, "../threadgauge.toml:1")


def test_paths_are_meant_from_where_the_file_is(project: Path, monkeypatch: pytest.MonkeyPatch):
    told = 'profile = ["anita", "mine.yaml"]\noutput = "out"\ndb = "sqlite:///chat.db"\nscenarios = ["own"]\n'
    (project / "threadgauge.toml").write_text(told)
    monkeypatch.chdir(project / "sub")
    found = {key: value for key, (value, _) in settings().items()}

    assert found["profile"] == ["anita", "../mine.yaml"]
    assert found["scenarios"] == ["../own"]
    assert (found["output"], found["db"]) == ("../out", "sqlite:///../chat.db")


def test_another_command_has_a_table(project: Path):
    (project / "threadgauge.toml").write_text("[serve]\nport = 70000\n")
    code, told = threadgauge("list", "--profiles")

    assert code == 2
    assert "threadgauge.toml:2:1: `port`: 70000 is not in the range" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profil = 'x'\n", "threadgauge.toml:1:1: unknown key `profil`\n  hint: did you mean `profile`?"),
        ("\nseed = 'seven'\n", "threadgauge.toml:2:1: `seed`: 'seven' is not a valid integer"),
        ("strict = 'yes'\n", "threadgauge.toml:1:1: `strict`: write true or false"),
        ("seed = [1, 2]\n", "`seed`: this takes one value"),
        ("order = 'any'\n", "`order`: 'any' is not one of 'longest', 'random'"),
        ("[sirve]\nport = 1\n", "threadgauge.toml:1:1: there is no table `sirve`\n  hint: did you mean `serve`?"),
        ("[serve]\nporrt = 1\n", "threadgauge.toml:2:1: unknown key `porrt`\n  hint: did you mean `port`?"),
        (
            "[run]\nseed = 1\n",
            "threadgauge.toml:1:1: there is no table `run`\n  hint: options of `run` stand at the top",
        ),
        ("seed =\n", "threadgauge.toml:1:7: this is no TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(project: Path, text: str, said: str):
    (project / "threadgauge.toml").write_text(text)
    code, told = threadgauge("config")

    assert code == 2
    assert said in told


def test_every_problem_of_a_file_is_said(project: Path):
    (project / "threadgauge.toml").write_text("profil = 'x'\nstrict = 1\n")

    assert threadgauge("config")[1].count("threadgauge.toml:") == 2


def test_a_wrong_file_keeps_nobody_from_the_help(project: Path):
    (project / "threadgauge.toml").write_text("profil = 'x'\n")

    assert threadgauge("run", "--help")[0] == 0
    assert threadgauge("--isolated", "config")[0] == 0


def test_a_file_that_is_named_must_be_there(project: Path):
    assert threadgauge("--config", "nowhere.toml", "config") == (
        2,
        "threadgauge: --config nowhere.toml: No such file or directory.\n",
    )


def test_secrets_are_not_shown(project: Path):
    headers = f'header = ["authorization: Bearer {SECRET}", "x-internal: {SECRET}", "accept: text/plain"]\n'
    (project / "threadgauge.toml").write_text(f'{headers}db = "postgresql://me:{SECRET}@127.0.0.1/chat"\n')
    code, told = threadgauge("config", THREADGAUGE_TOKEN_ALICE=SECRET)

    assert code == 0
    assert SECRET not in told
    assert "x-internal: [redacted], accept: text/plain" in told
    assert "postgresql://me:[redacted]@127.0.0.1/chat" in told
    assert "variable THREADGAUGE_TOKEN_ALICE" in told


def test_secrets_in_the_targets_command_are_not_shown(project: Path):
    command = f"OPENAI_API_KEY={SECRET} DB=postgres://me:{SECRET}@db/chat serve --admin-token {SECRET} --port {{port}}"
    shown = settings("--target-cmd", command)["target-cmd"][0]

    assert shown == (
        "OPENAI_API_KEY=[redacted] DB=postgres://me:[redacted]@db/chat serve --admin-token [redacted] --port {port}"
    )


def test_a_header_in_a_variable_may_have_spaces(project: Path):
    both = "authorization: Bearer abc\naccept: text/plain"

    assert settings(THREADGAUGE_HEADER=both)["header"][0] == ["authorization: Bearer [redacted]", "accept: text/plain"]


def test_a_misspelt_variable_is_pointed_out(project: Path):
    assert "did you mean THREADGAUGE_SEED?" in threadgauge("config", THREADGAUGE_SEDE="1")[1]


def test_a_variable_of_another_command_is_not_misspelt(project: Path):
    told = threadgauge("config", THREADGAUGE_QUICK="1", THREADGAUGE_SEED="1")[1]

    assert "no option has that variable" not in told


def test_a_run_is_configured_so(project: Path):
    (project / "threadgauge.toml").write_text('profile = "guide"\nselect = ["recall/first*"]\ndry-run = true\n')
    code, told = threadgauge("run")

    assert code == 0
    assert told.startswith("guide          recall/first-turn-reaches-the-model\n")


def test_the_help_waits_for_nothing_heavy():
    heavy = ["httpx", "jinja2", "msgspec", "pytest", "rich", "tomllib", "watchfiles", "yaml"]
    look = f"import sys, conformance.cli; print([one for one in {heavy} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
