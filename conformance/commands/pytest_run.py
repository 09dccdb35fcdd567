"""
A pytest run with a target: what its hooks do, its files and its items. Public names of pytest only.

Each `*.yaml` under the arguments is a scenario file. Exit codes are pytest's, but 2 where it could not be told: nothing
was checked, or nothing worse happened than errors of ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final, NoReturn

import pytest

from conformance.commands.pytest_options import (
    baseline_of,
    controls_workers,
    is_worker,
    kept,
    option,
    own_words,
    rules_of,
    setup_of,
)
from conformance.commands.secrets import cleaned, redactor_for
from conformance.commands.selection import Planned
from conformance.commands.targets import Setup
from conformance.commands.testing import Found, Player, read_file
from conformance.driver.folder import encode
from conformance.engine.baseline import Judged, Playable, out_of_date, settled
from conformance.errors import ThreadgaugeError
from conformance.loading.places import builtin_profiles, shipped_names
from conformance.model.baseline import Entry
from conformance.model.outcome import KINDS, Outcome
from conformance.model.profile import Profile
from conformance.model.transcript import Transcript
from conformance.reporting.allure import annotate
from conformance.reporting.terminal import render_outcome
from conformance.reporting.visible import visible

__all__ = ["Run", "ScenarioFile", "ScenarioItem", "start", "unclear"]

COULD_NOT_TELL: Final = 2
LEDGER: Final = "requirements.yaml"


def start(config: pytest.Config) -> None:
    """
    Take part in this run.
    """
    for level in ("must", "should", "may"):
        config.addinivalue_line("markers", f"{level}: the scenario's requirement is a {level.upper()}")
    run = config.stash[_run] = Workers(config) if controls_workers(config) else Run(config)
    config.pluginmanager.register(run, "threadgauge-run")
    if config.getoption("allure_report_dir", None):
        _hide_host(config)


class Run:
    """
    A run whose scenarios are played by this process, also where it is a worker of pytest-xdist.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.files: dict[str, Path] = {}
        self.player: Player | None = None
        self._setup: Setup | None = None
        self._outcomes: Counter[str] = Counter()
        self._baseline: list[Entry] | None = None
        self._judged: list[Judged] = []
        self._stale: list[Entry] = []
        self._unclear = ""

    @property
    def setup(self) -> Setup:
        """
        What the options say. Raises `ThreadgaugeError`.
        """
        if self._setup is None:
            self._setup = setup_of(self.config)
        return self._setup

    @property
    def baseline(self) -> list[Entry]:
        """
        The known failures. Raises `DocumentsInvalid`.
        """
        if self._baseline is None:
            self._baseline = baseline_of(self.config)
        return self._baseline

    def open(self) -> Player:
        """
        The player, opened when it is first wanted. Raises `ThreadgaugeError`.
        """
        if self.player is None:
            player = Player(self.setup, rules_of(self.config, self.baseline))
            # Who controls the workers has looked at the target; one that we start is each worker's own.
            player.open(checked=not is_worker(self.config) or not self.setup.shared)
            self.player = player
        return self.player

    def redacted(self, outcome: Outcome, transcript: Transcript) -> tuple[Outcome, Transcript]:
        setup = self.setup
        tokens = setup.credentials.values()
        redactor = redactor_for(setup.headers, setup.db, setup.profiles, tokens, setup.command)
        return cleaned(outcome, redactor), cleaned(transcript, redactor)

    def give_up(self, error: ThreadgaugeError) -> NoReturn:
        """
        End the run with one sentence. A worker cannot: there its item fails with the sentence.
        """
        redactor = redactor_for({}, option(self.config, "target_db"), command=option(self.config, "target_cmd"))
        sentence = redactor.text(f"threadgauge: {own_words(str(error))}")
        if is_worker(self.config):
            raise ScenarioBroken(sentence) from None
        pytest.exit(sentence, COULD_NOT_TELL)

    def pytest_sessionstart(self) -> None:
        try:
            assert self.setup
            assert self.baseline is not None
        except ThreadgaugeError as error:
            self.give_up(error)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.File | None:
        if file_path.suffix not in (".yaml", ".yml") or file_path.name == LEDGER:
            return None
        return ScenarioFile.from_parent(parent, path=file_path)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """
        After pytest's own selection, so that shards are equal parts of what is left.
        """
        ours = [item for item in items if isinstance(item, ScenarioItem)]
        try:
            names = kept(config, [item.planned(self.setup.profiles[0]) for item in ours])
        except ThreadgaugeError as error:
            if not is_worker(config):
                self.give_up(error)
            names = set()
        left_out = [item for item in ours if item.found.name not in names]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = dict(report.user_properties)
        if report.when == "call" and told.get("outcome") in KINDS:
            self._outcomes[str(told["outcome"])] += 1
            name, known = report.nodeid.partition("::")[2], str(told.get("known", "")).split("\n")
            self._judged.append(Judged(name, str(told.get("profile")), str(told["outcome"]), known))

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
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not is_worker(self.config):
            self._unclear = unclear(self._outcomes, session.testsfailed)
            self._stale = self._out_of_date()
        if self._unclear:
            session.exitstatus = COULD_NOT_TELL
        elif self._stale:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _out_of_date(self) -> list[Entry]:
        """
        What fails a run, also one in which no test did. Of the scenarios only the shipped and the collected are known
        to exist.
        """
        names = {*self.files, *(one.name for one in self._judged), *shipped_names()}
        dialects = {*builtin_profiles(), *(profile.profile for profile in self.setup.profiles)}
        return out_of_date(settled(self.baseline, self._judged, Playable(names, dialects), datetime.now(UTC).date()))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._unclear:
            terminalreporter.line(f"threadgauge: could not tell: {self._unclear}")
        for entry in self._stale:
            terminalreporter.line(f"threadgauge: {entry.state}: {entry.place}: {entry.fails}: {entry.told}")


class Workers(Run):
    """
    The process that controls the workers of pytest-xdist: it looks at the target, and keeps the witness they share.
    """

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._folder = TemporaryDirectory(prefix="threadgauge-")
        self._broken = 0
        config.add_cleanup(self._folder.cleanup)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["threadgauge_lock"] = f"{self._folder.name}/lock"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._broken += report.failed

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """
        The last moment before a worker plays: nothing is sent while a file is wrong.
        """
        if self._broken and not self.config.getoption("continue_on_collection_errors"):
            raise pytest.Session.Interrupted(f"errors during collection: {self._broken}")
        try:
            if self.setup.shared and any(map(_may_be_ours, ids)):
                self.open()
        except ThreadgaugeError as error:
            self.give_up(error)


class ScenarioFile(pytest.File):
    """
    One scenario file; an item for each of its examples.
    """

    def collect(self) -> Iterator[pytest.Item]:
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

    def planned(self, profile: Profile) -> Planned:
        return Planned.of(self.found.scenario, self.found.example, profile)

    def runtest(self) -> None:
        outcome = self.outcome = self._played()
        first = visible(next((line for one in outcome.differences for line in one.lines), outcome.title))
        if outcome.kind in ("unsupported", "inconclusive"):
            pytest.skip(f"{outcome.kind}: {own_words(visible(outcome.reason or outcome.title))}")
        if outcome.kind == "known failure":
            pytest.xfail(visible(f"{outcome.reason}: {first}"))
        if outcome.kind == "fixed":
            raise ScenarioFailed(outcome.reason)
        if outcome.kind == "deviation" and not option(self.config, "target_strict"):
            pytest.xfail(f"deviation from a {outcome.level}: {first}")
        if outcome.kind == "error":
            raise ScenarioBroken(outcome.reason)
        if outcome.kind != "passed":
            raise ScenarioFailed(first)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, ScenarioFailed | ScenarioBroken | pytest.xfail.Exception):
            return render_outcome(self.outcome) if self.outcome else str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name

    def _played(self) -> Outcome:
        run, found = self.config.stash[_run], self.found
        self.user_properties = [("outcome", "error")]
        try:
            outcome, transcript = self._player(run).verdict(found.scenario, found.example)
        except ThreadgaugeError as error:
            run.give_up(error)
        outcome, transcript = run.redacted(outcome, transcript)
        named = {"requirement": outcome.requirement, "level": outcome.level, "profile": outcome.profile}
        known = [("known", "\n".join(outcome.known))] if outcome.known else []
        self.user_properties = [*named.items(), ("outcome", outcome.kind), *known]
        if self.config.getoption("allure_report_dir", None):
            _annotate(outcome, transcript)
        return outcome

    def _player(self, run: Run) -> Player:
        """
        The run's player. The first item begins all that was selected; a worker is told of its items one by one.
        """
        if run.player is None and not is_worker(self.config):
            items = [item.found for item in self.session.items if isinstance(item, ScenarioItem)]
            run.open().begin([(found.scenario, found.example) for found in items])
        return run.open()


class ScenarioFailed(AssertionError):
    """
    The target does not do what it should.
    """


class ScenarioBroken(Exception):
    """
    It could not be told: not the target's fault.
    """


_run = pytest.StashKey[Run]()


def _may_be_ours(nodeid: str) -> bool:
    """
    A file that lies outside of pytest's rootdir has no name in the ids of its items.
    """
    return not nodeid.partition("::")[0].endswith(".py")


def unclear(outcomes: Counter[str], failed: int) -> str:
    """
    Why it could not be told whether the target conforms. A failure that was seen stays one, whatever else happened.
    """
    if failed and failed == outcomes["error"]:
        return f"{failed} error{'s' if failed > 1 else ''} of ours or of the network."
    if outcomes and not failed and not outcomes.keys() - {"unsupported", "inconclusive"}:
        return "nothing was checked, every scenario was unsupported or inconclusive (-rs says why)."
    return ""


def _annotate(outcome: Outcome, transcript: Transcript) -> None:
    import allure

    annotate(outcome, encode(transcript))
    for name, value in transcript.example.items():  # or Allure takes the examples for retries of one test
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
