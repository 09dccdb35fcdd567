"""
Every command that a page of the documentation tells its reader to type, typed: against servers that are there, in a
folder that has what the page speaks of, from its top to its end. The tutorial's are in `test_tutorial`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from parley import parley
from renamed import serving
from typed_commands import commands, words

from conformance.cli import main
from conformance.loading.places import shipped_scenarios
from reference_server.application import application
from reference_server.assembly import Settings

CLONE = Path(__file__).parents[2]
PAGES = [CLONE / "README.md", *(one for one in sorted((CLONE / "docs").glob("*.md")) if one.stem != "tutorial")]
LONGEST = 90  # seconds for one command, on a busy machine
RECALL = "recall/first-turn-reaches-the-model"
ORDER = "order/oldest-first"  # judged without a witness, too
FEW = f"--select {RECALL} --select {ORDER}"
ONE_DEFECT = "--defect no-history-sent --dialect anita --jobs 1"


@dataclass(frozen=True)
class Typed:
    """
    How a command is typed here. `more` narrows it; `until` is the line that says that it is there, for one that stays.
    """

    more: str = ""
    code: int = 0
    until: str = ""


STANDS_FOR = {
    "postgresql://reader:secret@127.0.0.1/chat": "sqlite:///{folder}/served.db",
    "http://127.0.0.1:8080": "{url}",
    "127.0.0.1:9911": "{upstream}",
    "--port 9911": "--port 0",
    "--port 8000": "--port 0",
}
"""
What a page names, and what is there instead. The words in braces are the server's of this test.
"""

TYPED = {
    "pytest scenarios --target {url} --target-profile my-server.yaml --target-upstream {upstream}": Typed(
        "-q --target-requirement recall/history-reaches-the-model"
    ),
    f"threadgauge run {{url}} --profile anita --select {RECALL} --seed 7": Typed("--upstream {upstream}"),
    "threadgauge run --defect no-history-sent": Typed(f"--profile anita {FEW}", 1),
    "threadgauge run --scenarios mine --profile anita": Typed(),  # one scenario
    "threadgauge run {url} --profile my-server.yaml --upstream {upstream} --scenarios mine": Typed(),
    "threadgauge run --scenarios mine --profile anita --defect stale-recall-cache": Typed("", 1),
    "threadgauge run {parley} --profile parley.yaml": Typed(f"--select {ORDER}"),
    "threadgauge run --profile completions --quirk crlf --quirk gzip": Typed(FEW),
    "threadgauge run {url} --profile my-server.yaml --shard 2/5": Typed("--select errors"),
    "threadgauge run {url} --profile my-server.yaml --since threadgauge-report --output again": Typed(
        "--upstream {upstream}"
    ),
    "threadgauge judge threadgauge-report --output judged-again": Typed("", 1),
    "threadgauge judge threadgauge-report --strict --require-conclusive": Typed("", 1),
    "threadgauge doctor {url} --profile my-server.yaml": Typed("--quick"),
    "threadgauge serve --dialect all": Typed("--port 0", until="ready "),
    "threadgauge upstream --host 0.0.0.0": Typed("--port 0", until="listening on"),
    "threadgauge upstream --port 0": Typed(until="listening on"),
    "threadgauge watch mine --profile anita": Typed(until="watching for changes"),
    "threadgauge serve --dialect anita --port 0 --db sqlite:///try.db --upstream http://{upstream}/v1": Typed(
        until="ready "
    ),
    "threadgauge serve --dialect all --db postgres --defect history-desc": Typed("--port 0", until="ready "),
    "threadgauge selftest --output reports/kill-matrix.json --html kill-matrix.html": Typed(ONE_DEFECT),
}
"""
What is not typed as it stands and ended with 0.
"""

PLUGIN = [] if entry_points(group="pytest11", name="threadgauge") else ["-p", "conformance.plugin"]

NOT_TYPED = {
    "pip install": "the package under test is there, and nothing is loaded from elsewhere",
    "python -m venv": "as above",
    "export": "the environment of this test has it",
    "docker": "needs Docker; test_ci_files holds the files",
    "npx": "needs Node; test_allure_report holds what is written",
    "sed -i": "changes what npx has made",
    "curl localhost:8000": "test_dialect_conversations asks the same with the client of its makers",
    "python -m conformance.reporting.": "writes pages of this clone; tests/docs holds that they are written",
    "python -m benchmarks.": "hours; benchmarks are not in the package",
    "pytest tests/unit": "this project's own tests",
    "pytest -n 4": "an option for the commands above it",
    "pytest scenarios --target reference": "test_plugin types it with each of its options, on less",
    "threadgauge selftest --twins": "the whole suite in every dialect; the selftest lane of tox begins with it",
    "threadgauge run --select storage/pinned-messages-are-kept": "a scenario and a defect that the reader is to write",
    "threadgauge selftest --defect pin-lost-on-turn": "as above; trust.md's is narrowed to one defect",
    "threadgauge selftest --sample 1/6": "the selftest lane of tox",
    "threadgauge selftest --quirk": "every scenario in every dialect; test_quirks types it narrowed",
}
"""
What is not typed, by how it begins, and why.
"""

APP = """
import os
from reference_server.application import application
from reference_server.assembly import Settings
app, database = application(["anita"], "sqlite:///chat.db", Settings(os.environ["OPENAI_BASE_URL"]))
database.create()
"""
MINE = "profile: my-server\ntitle: My server\nextends: anita\n"


def stands_here(command: str) -> str:
    command = command.removeprefix("pip install . && ").removesuffix(" &")
    if command == "threadgauge run http://127.0.0.1:8080 --profile parley.yaml":
        return "threadgauge run {parley} --profile parley.yaml"  # another reader's server
    for named, here in STANDS_FOR.items():
        command = command.replace(named, here)
    return command


def told() -> dict[Path, list[str]]:
    """
    What is typed on each page: each command where it stands first.
    """
    seen: set[str] = set()
    pages: dict[Path, list[str]] = {}
    for page in PAGES:
        pages[page] = [one for one in dict.fromkeys(map(stands_here, commands(page))) if one not in seen]
        seen |= {*pages[page]}
    return pages


TOLD = told()


def reason(command: str) -> str | None:
    return next((why for start, why in NOT_TYPED.items() if command.startswith(start)), None)


@contextmanager
def my_server(folder: Path, *defects: str) -> Iterator[dict[str, str]]:
    """
    The reader's server, and the witness that is its model.
    """

    def made(model: str) -> Any:
        app, database = application(["anita"], f"sqlite:///{folder / 'served.db'}", Settings(model), defects)
        database.create()
        return app

    with serving(made) as found:
        yield {"{url}": found.url, "{upstream}": found.upstream, "{folder}": str(folder)}


def play(server: dict[str, str], folder: Path) -> Path:
    line = f"run {server['{url}']} --upstream {server['{upstream}']} {FEW} --quiet"
    done = CliRunner().invoke(main, [*line.split(), "-p", str(folder.parent / "my-server.yaml"), "-o", str(folder)])
    assert (folder / "results.json").is_file(), done.output
    return folder


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with my_server(tmp_path_factory.mktemp("server")) as found, serving(parley) as other:
        yield {**found, "{parley}": other.url}


@pytest.fixture(scope="module")
def runs(here: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """
    What was run before the page is read: a run that failed, and one since.
    """
    folder = tmp_path_factory.mktemp("runs")
    (folder / "my-server.yaml").write_text(MINE)
    with my_server(folder, "no-history-sent") as broken:
        return {"failed": play(broken, folder / "failed"), "passed": play(here, folder / "passed")}


@pytest.fixture
def folder(runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Where the reader sits.
    """
    for name in ("threadgauge-report", "last-week", "v1"):
        shutil.copytree(runs["failed"], tmp_path / name)
    for name in ("today", "v2", "v3"):
        shutil.copytree(runs["passed"], tmp_path / name)
    for page, name in (("write-a-scenario", "mine/edited-text-is-recalled"), ("write-a-profile", "parley")):
        file = tmp_path / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(first_yaml(page, file.stem))
    (tmp_path / "my-server.yaml").write_text(MINE)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "reports").mkdir()
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "recall").symlink_to(shipped_scenarios() / "recall")  # to collect them all takes seconds
    bin_folder = Path(sys.executable).parent
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(find_spec("conformance").origin).parents[1]))
    monkeypatch.setenv("TOKEN", "a-token")
    monkeypatch.setenv("THREADGAUGE_TOKEN_ALICE", "a-token-of-alice")
    return tmp_path


def first_yaml(page: str, name: str) -> str:
    """
    The block of a page that holds the file of this name.
    """
    text = (CLONE / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return next(one for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if name in one.splitlines()[0])


def typed(command: str, here: dict[str, str]) -> str | None:
    """
    What is wrong with what the command did, if anything is.
    """
    how = TYPED.get(command, usual(command))
    line = f"{command} {how.more}"
    for name, value in here.items():
        line = line.replace(name, value)
    if how.until:
        return stayed(words(line), how.until)
    if command.startswith("pytest"):
        code, said = played_by_pytest(words(line))
    else:
        done = CliRunner().invoke(main, words(line)[1:], catch_exceptions=False)
        code, said = done.exit_code, done.output
    return None if code == how.code else f"{line}\nended with {code}, not {how.code}:\n{said}"


def usual(command: str) -> Typed:
    every = command == "threadgauge run" or command.startswith("threadgauge run ")
    return Typed(FEW if every and "--select" not in command else "")


def stayed(command: list[str], until: str) -> str | None:
    """
    A command that stays until Ctrl-C.
    """
    line = [sys.executable, "-u", "-m", "conformance.cli", *command[1:]]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        kill = threading.Timer(LONGEST, process.kill)
        kill.start()
        said = []
        for one in process.stdout:
            said.append(one)
            if one.startswith(until):
                process.send_signal(signal.SIGINT)
        kill.cancel()
    there = any(one.startswith(until) for one in said)
    return None if there and process.returncode == 0 else f"{command}\n{process.returncode}\n{''.join(said)}"


def played_by_pytest(command: list[str]) -> tuple[int, str]:
    line = [sys.executable, "-m", *command, "-p", "no:cacheprovider", *PLUGIN]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LONGEST)
    return done.returncode, done.stdout + done.stderr


def as_the_page_has_it(command: str, folder: Path, runs: dict[str, Path]) -> None:
    """
    Each command's own beginning: the run that failed, no draft yet.
    """
    if "threadgauge-report" in command:
        shutil.rmtree(folder / "threadgauge-report")
        shutil.copytree(runs["failed"], folder / "threadgauge-report")
    if command.startswith(("threadgauge init", "threadgauge new")):
        for made in ("my-server.yaml", "parley.yaml"):
            if Path(made).stem in command:
                (folder / made).unlink()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_do_what_it_says(
    page: Path, folder: Path, runs: dict[str, Path], here: dict[str, str]
) -> None:
    wrong = []
    for command in TOLD[page]:
        if reason(command) is None:
            as_the_page_has_it(command, folder, runs)
            wrong.append(typed(command, here))

    assert not any(wrong), "\n\n".join(one for one in wrong if one)


@pytest.mark.parametrize(
    "command",
    [
        "threadgauge ran",
        "threadgauge run --selct order",
        "threadgauge explain nothing",
        "threadgauge upstream --port 1x",
    ],
)
def test_a_command_that_does_not_work_is_told(command: str, here: dict[str, str]) -> None:
    assert "ended with 2, not 0" in str(typed(command, here))


def test_a_page_is_read_from_its_top_to_its_end(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`threadgauge list` and `threadgauge explain NAME` name a command; `threadgauge list --areas` is one.\n"
        "```sh\nthreadgauge run URL \\\n  --quiet  # all of it\n```\n```yaml\n    - threadgauge lint mine\n```\n"
        "```\n  again: threadgauge run --seed 7\n```\n"
    )

    assert commands(page) == [
        "threadgauge list --areas",
        "threadgauge run URL --quiet",
        "threadgauge lint mine",
        "threadgauge run --seed 7",
    ]


def test_every_entry_of_the_tables_is_about_a_command_of_the_docs() -> None:
    told = [command for page in PAGES for command in commands(page)]
    here = {command for page in PAGES for command in TOLD[page]}

    assert [name for name in STANDS_FOR if not any(name in one for one in told)] == []
    assert [command for command in TYPED if command not in here] == []
    assert [start for start in NOT_TYPED if not any(one.startswith(start) for one in here)] == []
