"""
The pytest plugin: scenario files are collected and played against a target. Public names of pytest only.

Installed, it does nothing until `--target` is given: no file is collected, nothing is imported, nothing is written.
Where a project has a `--target` of its own, the project's stays and this plugin keeps out.

With `--target` each `*.yaml` under the arguments is a scenario file. Exit codes are pytest's, and 2 where it could not
be told: nothing was checked, or nothing worse happened than errors of ours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from conformance.commands.targets import Setup
    from conformance.commands.testing import Found, Player, Rules
    from conformance.model.outcome import Outcome

__all__ = ["Run", "ScenarioFile", "ScenarioItem"]

LEVELS = ("must", "should", "may")
LEDGER = "requirements.yaml"
COULD_NOT_TELL = 2
OPTIONS: dict[str, dict[str, Any]] = {
    "--target": {"metavar": "URL", "help": "the server under test; `reference` starts the bundled one"},
    "--target-profile": {"metavar": "NAME", "help": "its profile, by name or file"},
    "--target-db": {"metavar": "DSN", "help": "its database, only read: postgresql://..., sqlite:///FILE"},
    "--target-upstream": {"metavar": "HOST:PORT", "help": "where the upstream witness listens"},
    "--target-header": {"metavar": "NAME:VALUE", "action": "append", "default": [], "help": "sent with every request"},
    "--target-seed": {"metavar": "N", "type": int, "default": 0, "help": "repeats names and canaries (default 0)"},
    "--target-strict": {"action": "store_true", "help": "a SHOULD that does not hold is a failure"},
    "--in-flight": {"metavar": "N", "type": int, "default": 16, "help": "scenarios at a time (default 16)"},
}

_run = pytest.StashKey["Run"]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, object, object]:
    """
    Add our options after everybody else's, and only where nobody else has one of these names.
    """
    result = yield
    try:
        free = len(parser.parse_known_and_unknown_args([f"{name}=1" for name in OPTIONS])[1]) == len(OPTIONS)
    except pytest.UsageError:  # somebody's takes no value, or not this one
        free = False
    if free:
        group = parser.getgroup("threadgauge", "conformance of a server that keeps conversation threads")
        for name, settings in OPTIONS.items():
            group.addoption(name, dest=_dest(name), **settings)
    return result


def pytest_configure(config: pytest.Config) -> None:
    if not _option(config, "--target"):
        return
    for level in LEVELS:
        config.addinivalue_line("markers", f"{level}: the scenario's requirement is a {level.upper()}")
    run = config.stash[_run] = Workers(config) if _controls_workers(config) else Run(config)
    config.pluginmanager.register(run, "threadgauge-run")
    if config.getoption("allure_report_dir", None):
        _hide_host(config)


class Run:
    """
    One session with a target: this process plays, also where it is a worker of pytest-xdist.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.files: dict[str, Path] = {}
        self.player: Player | None = None
        self._setup: Setup | None = None
        self._outcomes: Counter[str] = Counter()
        self._unclear = ""

    @property
    def setup(self) -> Setup:
        """
        What the options say. Raises `ThreadgaugeError`.
        """
        if self._setup is None:
            self._setup = _setup(self.config)
        return self._setup

    def open(self) -> Player:
        """
        The player, opened for the first item; all that was selected is begun then. Raises `ThreadgaugeError`.
        """
        if self.player is None:
            from conformance.commands.testing import Player

            player = Player(self.setup, _rules(self.config))
            # Who controls the workers has looked at the target; a reference server is each worker's own.
            player.open(checked=not _is_worker(self.config) or self.setup.url is None)
            self.player = player
        return self.player

    def pytest_sessionstart(self) -> None:
        from conformance.errors import ThreadgaugeError

        try:
            assert self.setup
        except ThreadgaugeError as error:
            _give_up(error)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.File | None:
        if file_path.suffix not in (".yaml", ".yml") or file_path.name == LEDGER:
            return None
        return ScenarioFile.from_parent(parent, path=file_path)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and _is_ours(report.nodeid):
            self._outcomes[str(dict(report.user_properties).get("outcome"))] += 1

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """
        A scenario took as long as it was played, not as long as we waited for it; what is skipped is in its file.
        """
        report = yield
        if isinstance(item, ScenarioItem) and item.outcome is not None and report.when == "call":
            report.duration = item.outcome.duration
            if isinstance(report.longrepr, tuple):
                report.longrepr = (str(item.path), 1, report.longrepr[2])
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.player is not None:
            self.player.close()
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not _is_worker(self.config):
            self._unclear = _unclear(self._outcomes, session.testsfailed)
        if self._unclear:
            session.exitstatus = COULD_NOT_TELL

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._unclear:
            terminalreporter.line(f"threadgauge: could not tell: {self._unclear}")


class Workers(Run):
    """
    The process that controls the workers of pytest-xdist: it looks at the target, and keeps the witness they share.
    """

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._folder = TemporaryDirectory(prefix="threadgauge-")
        self._broken: set[str] = set()
        config.add_cleanup(self._folder.cleanup)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["threadgauge_lock"] = f"{self._folder.name}/lock"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._broken.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """
        Before the first worker plays: nothing is sent while a file is wrong.
        """
        from conformance.errors import ThreadgaugeError

        if any(map(_is_ours, self._broken)) and not self.config.getoption("continue_on_collection_errors"):
            raise pytest.Session.Interrupted("errors during collection")
        try:
            if self.setup.url is not None and any(map(_is_ours, ids)):
                self.open()
        except ThreadgaugeError as error:
            _give_up(error)


class ScenarioFile(pytest.File):
    """
    One scenario file; an item for each of its examples.
    """

    def collect(self) -> Iterator[pytest.Item]:
        from conformance.commands.testing import read_file
        from conformance.errors import ThreadgaugeError

        run, here = self.config.stash[_run], self.config.invocation_params.dir
        path = self.path.relative_to(here) if self.path.is_relative_to(here) else self.path
        try:
            found = read_file(path, run.setup.profiles)
        except ThreadgaugeError as error:
            raise self.CollectError(str(error)) from None
        for one in found:
            if (other := run.files.setdefault(one.name, path)) != path:
                raise self.CollectError(f"{path}: scenario `{one.scenario.id}` is also in {other}")
            yield ScenarioItem.from_parent(self, name=one.name, found=one)


class ScenarioItem(pytest.Item):
    """
    One scenario to be played; its verdict becomes the test's.
    """

    def __init__(self, *, found: Found, **settings: Any) -> None:
        super().__init__(**settings)
        self.found = found
        self.outcome: Outcome | None = None
        self.add_marker(found.level.lower())

    def runtest(self) -> None:
        outcome = self.outcome = self._played()
        if outcome.kind in ("unsupported", "inconclusive"):
            pytest.skip(f"{outcome.kind}: {_own_words(outcome.reason)}")
        if outcome.kind == "deviation" and not _option(self.config, "--target-strict"):
            pytest.xfail(f"deviation from a {outcome.level}: {_first_line(outcome)}")
        if outcome.kind == "error":
            raise ScenarioBroken(outcome.reason)
        if outcome.kind != "passed":
            raise ScenarioFailed(_first_line(outcome))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from conformance.reporting.terminal import render_outcome

        if isinstance(excinfo.value, ScenarioFailed | ScenarioBroken | pytest.xfail.Exception):
            return render_outcome(self.outcome) if self.outcome else str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name

    def _played(self) -> Outcome:
        from conformance.errors import ThreadgaugeError

        run, found = self.config.stash[_run], self.found
        self.user_properties = [("outcome", "error")]
        try:
            began, player = run.player is not None, run.open()
            if not began and not _is_worker(self.config):
                items = [item for item in self.session.items if isinstance(item, ScenarioItem)]
                player.begin([(item.found.scenario, item.found.example) for item in items])
            outcome, transcript = player.verdict(found.scenario, found.example)
        except ThreadgaugeError as error:
            if _is_worker(self.config):  # it cannot end the run
                raise ScenarioBroken(_told(error)) from None
            _give_up(error)
        outcome = player.shown(outcome)
        named = {"requirement": outcome.requirement, "level": outcome.level, "profile": outcome.profile}
        self.user_properties = [*named.items(), ("outcome", outcome.kind)]
        if self.config.getoption("allure_report_dir", None):
            _annotate(outcome, player.recorded(transcript), found.example)
        return outcome


class ScenarioFailed(AssertionError):
    """
    The target does not do what it should.
    """


class ScenarioBroken(Exception):
    """
    We could not tell: not the target's fault.
    """


def _dest(name: str) -> str:
    return "threadgauge" + name.removeprefix("-").replace("-", "_")


def _option(config: pytest.Config, name: str) -> Any:
    return config.getoption(_dest(name), None)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _controls_workers(config: pytest.Config) -> bool:
    return config.getoption("dist", "no") != "no" and not _is_worker(config) and not config.getoption("collectonly")


def _is_ours(nodeid: str) -> bool:
    return re.search(r"\.ya?ml(::|$)", nodeid) is not None


def _setup(config: pytest.Config) -> Setup:
    from conformance.commands.documents import profiles_named
    from conformance.commands.running import parsed_header
    from conformance.commands.targets import Setup
    from conformance.errors import UsageError

    url, name = _option(config, "--target"), _option(config, "--target-profile")
    bundled = url == "reference"
    if not name and not bundled:
        raise UsageError("a target has one profile: give --target-profile NAME.")
    if _option(config, "--in-flight") < 1:
        raise UsageError("--in-flight must be 1 or more.")
    return Setup(
        profiles=profiles_named([name or "anita"]),
        url=None if bundled else url,
        db=_option(config, "--target-db"),
        upstream=None if bundled and _is_worker(config) else _option(config, "--target-upstream"),
        headers=dict(map(parsed_header, _option(config, "--target-header"))),
    )


def _rules(config: pytest.Config) -> Rules:
    from conformance.commands.testing import Rules

    strict = _option(config, "--target-strict") or config.getoption("runxfail")
    return Rules(
        seed=_option(config, "--target-seed"),
        in_flight=_option(config, "--in-flight"),
        maxfail=config.getoption("maxfail"),
        fail=frozenset({"failed", "error", *(["deviation"] if strict else [])}),
        lock=Path(config.workerinput["threadgauge_lock"]) if hasattr(config, "workerinput") else None,
    )


def _told(error: Exception) -> str:
    return f"threadgauge: {_own_words(str(error))}"


def _give_up(error: Exception) -> NoReturn:
    pytest.exit(_told(error), COULD_NOT_TELL)


def _own_words(sentence: str | None) -> str:
    """
    A sentence that names options of the command, with the names they have here.
    """
    return re.sub(r"(?<!\S)--(profile|db|upstream|header)(?![\w-])", r"--target-\1", sentence or "")


def _first_line(outcome: Outcome) -> str:
    from conformance.reporting.visible import visible

    return visible(next((line for one in outcome.differences for line in one.lines), outcome.title))


def _unclear(outcomes: Counter[str], failed: int) -> str:
    """
    Why it could not be told whether the target conforms. A failure that was seen stays one, whatever else happened.
    """
    if failed and failed == outcomes["error"]:
        return f"{failed} error{'s' if failed > 1 else ''} of ours or of the network."
    if outcomes and not failed and not outcomes.keys() - {"unsupported", "inconclusive"}:
        return "nothing was checked, every scenario was unsupported or inconclusive (-rs says why)."
    return ""


def _annotate(outcome: Outcome, transcript: str, example: dict[str, Any]) -> None:
    from conformance.reporting.allure import annotate

    annotate(outcome, transcript)
    import allure

    for name, value in example.items():  # or Allure takes the examples for retries of one test
        allure.dynamic.parameter(name, value)


def _hide_host(config: pytest.Config) -> None:
    """
    allure-pytest labels results with the machine's name; reports are for others, so take it off ours.
    """
    import allure_commons

    def without_host(result: Any) -> None:
        if any(label.name == "requirement" for label in result.labels):
            result.labels = [label for label in result.labels if label.name not in ("host", "thread")]

    ours = SimpleNamespace(report_result=allure_commons.hookimpl(tryfirst=True)(without_host))
    allure_commons.plugin_manager.register(ours, "threadgauge")
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(name="threadgauge"))
