"""
The pytest plugin, as its users run it: in a process of its own, against servers that are there.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.commands.pytest_run import unclear
from conformance.upstream.server import Upstream

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"
HEALTHY = ["storage/seed-test-1-basic-message-storage", "storage/turn-is-in-the-store", "order/oldest-first"]
FORGOTTEN = ["recall/first-turn-reaches-the-model", "recall/seed-test-2-conversation-history"]
UNTITLED = "titles/default-title"  # a SHOULD
UNSUPPORTED = "storage/unstreamed-turn-is-stored"
NOBODY = "http://127.0.0.1:1"


INSTALLED = bool(entry_points(group="pytest11", name="threadgauge"))


@dataclass
class Ended:
    """
    A run that is over.
    """

    code: int
    out: str
    seconds: float

    @property
    def outcomes(self) -> dict[str, str]:
        """
        From scenario to outcome, in the order of the report. Only of a run with -v.
        """
        one = r"^\S+?\.yaml::(\S+) (PASSED|FAILED|SKIPPED|XFAIL)|^\[gw\d\] .* (PASSED|FAILED|SKIPPED|XFAIL) \S+::(\S+)"
        found = re.findall(one, self.out, re.MULTILINE)
        return {first or last: word or other for first, word, other, last in found}


@dataclass
class Place:
    """
    A folder to run pytest in, and what is given with every run there.
    """

    folder: Path
    given: list[str]

    def start(self, *arguments: str, beside_others: bool = False) -> subprocess.Popen[str]:
        """
        With all plugins of this environment where `beside_others`; else with those that are tested, which is quicker.
        """
        named = ["conformance.plugin", "no:cacheprovider", "xdist.plugin", "allure_pytest.plugin"]
        environment = {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        if beside_others:
            # Where threadgauge is installed, pytest finds it by itself, under the name of its entry point.
            named = named[1:2] if INSTALLED else named[:2]
            environment = {**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
        plugins = [word for name in named for word in ("-p", name)]
        # A user's project may turn every warning into an error: ours must not be among them.
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *plugins, "-W", "error", "--rootdir", str(ROOT), *self.given, *arguments],
            cwd=self.folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, beside_others: bool = False) -> Ended:
        began = time.monotonic()
        process = self.start(*arguments, beside_others=beside_others)
        out, _ = process.communicate(timeout=60)
        return Ended(process.returncode, out, time.monotonic() - began)


def files(*ids: str) -> list[str]:
    return [str(SCENARIOS / f"{one}.yaml") for one in ids]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def server(folder: Path, *options: str) -> Iterator[list[str]]:
    """
    A reference server, and the options that name it.
    """
    folder.mkdir()
    upstream, db = f"127.0.0.1:{free_port()}", f"sqlite:///{folder / 'server.db'}"
    command = [sys.executable, "-m", "reference_server", "--port", "0", "--dialect", "anita", "--db", db]
    command += ["--upstream", f"http://{upstream}/v1", "--exit-with-parent", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("ready").strip()
        yield ["--target", url, "--target-profile", "anita", "--target-upstream", upstream, "--target-db", db]
        process.terminate()


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("healthy")
    yield from (Place(folder, given) for given in server(folder / "server"))


@pytest.fixture(scope="module")
def defective(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("defective")
    defects = ["--defect", "no-history-sent", "--defect", "default-title-empty"]
    yield from (Place(folder, given) for given in server(folder / "server", *defects))


@pytest.fixture
def nowhere(tmp_path: Path) -> Place:
    return Place(tmp_path, [])


@pytest.fixture(scope="module")
def passing(healthy: Place) -> Ended:
    return healthy.run("-v", *files(*HEALTHY, *FORGOTTEN, UNSUPPORTED), beside_others=True)


@pytest.fixture(scope="module")
def failing(defective: Place) -> Ended:
    reports = ["--junitxml=junit.xml", "--alluredir=allure"]
    return defective.run("-v", *reports, *files(HEALTHY[0], *FORGOTTEN, UNTITLED, UNSUPPORTED))


# Without a target


INSIDE = """
import sys

def test_inside(pytestconfig):
    ours = sorted(name for name in sys.modules if name.split(".")[0] in ("conformance", "reference_server"))
    assert ours == ["conformance", "conformance.plugin"]
    assert pytestconfig.pluginmanager.has_plugin("threadgauge")
"""


def installed(folder: Path) -> Place:
    """
    A project in an environment where threadgauge is installed: its entry point is found by pytest.
    """
    (folder / "site" / "threadgauge-0.dist-info").mkdir(parents=True)
    (folder / "site" / "threadgauge-0.dist-info" / "METADATA").write_text("Name: threadgauge\nVersion: 0\n")
    entry = "[pytest11]\nthreadgauge = conformance.plugin\n"
    (folder / "site" / "threadgauge-0.dist-info" / "entry_points.txt").write_text(entry)
    (folder / "scenario.yaml").write_text("id: not/collected\n")
    return Place(folder, [])


def plainly(place: Place, *arguments: str) -> Ended:
    """
    pytest as anybody runs it, with nothing named.
    """
    path = os.pathsep.join([str(place.folder / "site"), str(ROOT)])
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", *arguments],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout + ended.stderr, 0)


def test_installed_it_does_nothing_without_a_target(tmp_path):
    place = installed(tmp_path)
    (tmp_path / "test_inside.py").write_text(INSIDE)

    ended = plainly(place)

    assert (ended.code, "1 passed" in ended.out) == (0, True), ended.out


def test_a_project_keeps_its_own_target_option(tmp_path):
    place = installed(tmp_path)
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--target')\n")
    (tmp_path / "test_own.py").write_text("def test_it(pytestconfig): assert pytestconfig.getoption('target') == 'x'\n")

    ended = plainly(place, "--target", "x")

    assert (ended.code, "1 passed" in ended.out) == (0, True), ended.out


def test_it_can_be_switched_off_by_its_name(tmp_path):
    ended = plainly(installed(tmp_path), "-p", "no:threadgauge", "--target", NOBODY)

    assert "unrecognized arguments: --target" in ended.out


# What is collected


def test_collecting_needs_no_target_and_gives_stable_ids(nowhere):
    ended = nowhere.run(
        "--collect-only", "-q", "--target", NOBODY, "--target-profile", "anita",
        *files(HEALTHY[0], "storage/long-answers-are-kept"),
    )  # fmt: skip

    assert (ended.code, ended.out.splitlines()[:4]) == (
        0,
        [
            f"scenarios/{HEALTHY[0]}.yaml::{HEALTHY[0]}",
            *(
                f"scenarios/storage/long-answers-are-kept.yaml::storage/long-answers-are-kept[size={size}]"
                for size in (4001, 65537, 1048577)
            ),
        ],
    )


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["here", "xdist"])
def test_a_wrong_file_is_told_with_its_places_and_nothing_is_sent(nowhere, workers):
    (nowhere.folder / "wrong.yaml").write_text("id: own/wrong\ntitle: Wrong\nsteps:\n  - caht: {thread: t, say: Hi}\n")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        ended = nowhere.run("--target", url, "--target-profile", "anita", *workers, "wrong.yaml", *files(HEALTHY[0]))

        assert (ended.code, "wrong.yaml:4:5: " in ended.out, "`chat`" in ended.out) == (2, True, True), ended.out
        with pytest.raises(BlockingIOError):  # nobody has called
            listening.accept()[0].close()


def test_two_files_with_one_id_are_refused(nowhere):
    for name in ("one.yaml", "two.yaml"):
        (nowhere.folder / name).write_text(Path(files(HEALTHY[0])[0]).read_text())

    ended = nowhere.run("--target", NOBODY, "--target-profile", "anita", "one.yaml", "two.yaml")

    assert (ended.code, f"two.yaml: scenario `{HEALTHY[0]}` is also in one.yaml" in ended.out) == (2, True)


# What is told before anything is played


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--target", NOBODY, "--target-profile", "anita"], f"{NOBODY} does not answer (.*): start the server"),
        (["--target", NOBODY, "--target-profile", "anta"], "there is no profile 'anta'. Did you mean anita?"),
        (["--target", NOBODY], "a target has one profile: give --target-profile NAME"),
        (["--target", "reference", "--target-header", "bad"], "--target-header is not NAME:VALUE"),
        (["--target", "reference", "--in-flight", "0"], "--in-flight must be 1 or more"),
    ],
    ids=["unreachable", "wrong-profile", "no-profile", "header", "in-flight"],
)
def test_a_run_that_cannot_begin_says_so_in_a_sentence(nowhere, options, sentence):
    ended = nowhere.run(*options, *files(HEALTHY[0]))

    assert (ended.code, ended.seconds < 10, "Traceback" in ended.out) == (2, True, False)
    assert re.search(sentence.replace("(.*)", "(.*)"), ended.out)


# A target that conforms


def test_a_conforming_target_passes(passing):
    expected = {**dict.fromkeys([*HEALTHY, *FORGOTTEN], "PASSED"), UNSUPPORTED: "SKIPPED"}

    assert (passing.code, passing.outcomes) == (0, expected), passing.out


def test_the_report_is_in_the_order_of_the_collection(passing):
    assert list(passing.outcomes) == [*HEALTHY, *FORGOTTEN, UNSUPPORTED]


def test_a_skip_names_its_file_and_reason(passing):
    reason = "unsupported: profile anita does not declare chat_unstreamed"

    assert re.search(rf"SKIPPED \[1\] \S*scenarios/{UNSUPPORTED}.yaml:1: {reason}", passing.out), passing.out


def test_what_was_made_on_a_given_target_is_deleted(passing, healthy):
    with sqlite3.connect(healthy.folder / "server" / "server.db") as db:
        left = db.execute("SELECT count(*) FROM threads").fetchone()

    assert left == (0,)


def test_selection_is_by_name_and_by_level(healthy):
    ended = healthy.run("-v", "-k", "storage or default", "-m", "not should", *files(*HEALTHY, UNTITLED))
    must = healthy.run("--collect-only", "-q", "-m", "must", *files(HEALTHY[0], UNTITLED))

    assert (ended.code, list(ended.outcomes)) == (0, HEALTHY[:2])
    assert "1/2 tests collected (1 deselected)" in must.out


def test_selection_is_by_requirement_and_by_shard_too(nowhere):
    given = ["--collect-only", "-q", "--target", NOBODY, "--target-profile", "anita", *files(*HEALTHY, *FORGOTTEN)]
    shown = nowhere.run(*given, "--target-requirement", "recall/history-reaches-the-model")
    parts = [nowhere.run(*given, "--target-shard", f"{number}/2").out for number in (1, 2)]
    misspelt = nowhere.run(*given, "--target-area", "recal")

    assert "2/5 tests collected (3 deselected)" in shown.out
    assert all(sum(f"::{name}\n" in part for part in parts) == 1 for name in (*HEALTHY, *FORGOTTEN))
    assert (misspelt.code, "no scenario has --target-area recal. Did you mean recall?" in misspelt.out) == (2, True)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["here", "xdist"])
def test_where_nothing_was_checked_it_could_not_be_told(healthy, workers):
    ended = healthy.run(*workers, *files(UNSUPPORTED))

    assert (ended.code, "could not tell: nothing was checked" in ended.out) == (2, True), ended.out


# A target that does not


def test_a_failure_ends_with_1_and_in_our_words(failing):
    assert failing.code == 1
    assert f"MUST {FORGOTTEN[0]}: The second prompt carries the whole first turn\n" in failing.out
    assert "    prompt (sent to the model) has 1 message, expected 3\n" in failing.out
    assert "  looks like: no-history-sent (" in failing.out
    assert "  again: threadgauge run http://127.0.0.1:" in failing.out


def test_a_failure_shows_no_traceback(failing):
    assert not re.search(r"Traceback|pytest_run\.py|^E  |ScenarioFailed", failing.out, re.MULTILINE)


def test_a_should_that_does_not_hold_is_expected_to_fail(failing):
    assert failing.outcomes == {
        HEALTHY[0]: "PASSED",
        **dict.fromkeys(FORGOTTEN, "FAILED"),
        UNTITLED: "XFAIL",
        UNSUPPORTED: "SKIPPED",
    }


def test_a_should_that_does_not_hold_fails_when_strict(defective):
    ended = defective.run("-v", "--target-strict", *files(UNTITLED))

    assert (ended.code, ended.outcomes) == (1, {UNTITLED: "FAILED"})


def test_junit_has_the_failure_and_its_properties(failing, defective):
    root = ElementTree.parse(defective.folder / "junit.xml").getroot()
    [case] = root.findall(f".//testcase[@name='{FORGOTTEN[0]}']")
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}

    assert "has 1 message, expected 3" in (case.findtext("failure") or "")
    assert properties == {
        "requirement": "recall/history-reaches-the-model",
        "level": "MUST",
        "profile": "anita",
        "outcome": "failed",
    }


def results(place: Place) -> dict[str, dict[str, object]]:
    loaded = [json.loads(path.read_text()) for path in (place.folder / "allure").glob("*-result.json")]
    return {one["name"].removesuffix(" [anita]"): one for one in loaded}


def test_allure_has_labels_steps_and_the_transcript(failing, defective):
    result = results(defective)[FORGOTTEN[0]]
    labels = {(one["name"], one["value"]) for one in result["labels"]}
    [transcript] = [one["source"] for one in result["attachments"] if one["name"] == "transcript"]

    assert {("epic", "recall"), ("feature", "recall/history-reaches-the-model"), ("severity", "critical")} < labels
    assert {("tag", "anita"), ("tag", "MUST")} < labels
    assert [step["status"] for step in result["steps"]] == ["passed", "failed"]
    assert json.loads((defective.folder / "allure" / transcript).read_text())["profile"] == "anita"


def test_allure_tells_a_failure_from_what_is_only_a_deviation(failing, defective):
    found = {name: result["status"] for name, result in results(defective).items()}

    assert (found[FORGOTTEN[0]], found[UNTITLED], found[HEALTHY[0]]) == ("failed", "skipped", "passed")


def test_allure_is_not_told_the_name_of_the_machine(failing, defective):
    written = "".join(path.read_text() for path in (defective.folder / "allure").glob("*-result.json"))

    assert (socket.gethostname() in written, '"host"' in written, '"thread"' in written) == (False, False, False)


@contextmanager
def witness_at(address: str) -> Iterator[Upstream]:
    """
    The witness that a run would find there already: it counts the calls to the model.
    """
    upstream, loop = Upstream(), asyncio.new_event_loop()
    host, _, port = address.partition(":")
    loop.run_until_complete(upstream.start(host, int(port)))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield upstream
    asyncio.run_coroutine_threadsafe(upstream.stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_after_enough_failures_nothing_more_is_played(defective):
    with witness_at(defective.given[5]) as upstream:
        ended = defective.run("-v", "-x", "--in-flight", "1", *files(HEALTHY[0], *FORGOTTEN, HEALTHY[2]))

    preflight, before, failure = 1, 1, 2
    assert (ended.code, ended.outcomes) == (1, {HEALTHY[0]: "PASSED", FORGOTTEN[0]: "FAILED"}), ended.out
    assert upstream.witness.calls_seen == preflight + before + failure


# In several processes


def test_workers_come_to_the_same_verdicts(failing, defective):
    arguments = ["-v", "-n", "2", "--alluredir=allure-workers"]
    ended = defective.run(*arguments, *files(HEALTHY[0], *FORGOTTEN, UNTITLED, UNSUPPORTED))

    assert (ended.code, ended.outcomes) == (1, failing.outcomes), ended.out


def test_workers_are_not_begun_for_a_target_that_is_not_there(nowhere):
    ended = nowhere.run("-n", "2", "--target", NOBODY, "--target-profile", "anita", *files(HEALTHY[0]))

    assert (ended.code, "does not answer" in ended.out, "Traceback" in ended.out) == (2, True, False), ended.out


# Ctrl-C


def children(parent: int) -> list[int]:
    """
    The processes that this one has started.
    """
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def test_ctrl_c_ends_soon_and_leaves_nothing_behind(nowhere):
    process = nowhere.start("--target", "reference", "-v", *files(HEALTHY[0]), str(SCENARIOS / "concurrency"))
    assert process.stdout is not None
    for line in process.stdout:
        if "PASSED" in line:
            break
    started = children(process.pid)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, _ = process.communicate(timeout=30)

    assert (process.returncode, time.monotonic() - began < 10, "KeyboardInterrupt" in out) == (2, True, True), out
    assert started
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


# The code at the end


@pytest.mark.parametrize(
    ("outcomes", "failed", "told"),
    [
        ({"passed": 3}, 0, ""),
        ({"deviation": 1, "inconclusive": 1}, 0, ""),
        ({"unsupported": 1, "inconclusive": 1}, 0, "nothing was checked"),
        ({"passed": 3, "error": 2}, 2, "2 errors"),
        ({"failed": 1, "error": 2}, 3, ""),
        ({"error": 1}, 2, ""),  # a test of the user's own failed too
        ({}, 0, ""),
    ],
)
def test_errors_of_ours_are_not_failures_of_the_target(outcomes, failed, told):
    assert unclear(Counter(outcomes), failed).startswith(told)
    assert bool(unclear(Counter(outcomes), failed)) == bool(told)


def test_a_known_failure_is_expected_and_a_fixed_one_fails(healthy: Place, defective: Place, tmp_path: Path) -> None:
    known = tmp_path / "known.yaml"
    known.write_text(f"known:\n  - fails: {FORGOTTEN[0]}\n    reason: Our issue 12\n", encoding="utf-8")
    given = ["-v", "-rx", f"--target-baseline={known}", *files(HEALTHY[0], FORGOTTEN[0])]

    expected, fixed = defective.run(*given), healthy.run(*given)

    assert expected.code == 0, expected.out
    assert expected.outcomes == {HEALTHY[0]: "PASSED", FORGOTTEN[0]: "XFAIL"}
    assert "known: Our issue 12" in expected.out
    assert fixed.code == 1
    assert fixed.outcomes[FORGOTTEN[0]] == "FAILED"


def test_an_entry_that_matches_nothing_fails_a_session_in_which_no_test_did(healthy: Place, tmp_path: Path) -> None:
    known = tmp_path / "known.yaml"
    known.write_text("known:\n  - fails: zzz/nothing\n    reason: Our issue 12\n", encoding="utf-8")

    ended = healthy.run(f"--target-baseline={known}", *files(HEALTHY[0]))

    assert ended.code == 1
    assert f"matches nothing: {known}:2: zzz/nothing: no scenario is called `zzz/nothing`" in ended.out
