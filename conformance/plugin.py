"""
The pytest plugin: scenario files are collected and played against a target. Public names of pytest only.

Installed, it does nothing until `--target` is given: no file is collected, nothing is imported, nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.commands.testing import Player
    from conformance.model.outcome import Outcome
    from conformance.model.scenario import Scenario
    from conformance.model.transcript import Transcript

__all__ = ["ScenarioFile", "ScenarioItem"]

LEVELS = ("must", "should", "may")
LEDGER = "requirements.yaml"
COULD_NOT_TELL = 2

_player = pytest.StashKey["Player"]()
_checked = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("threadgauge", "conformance of a thread-persistence server")
    group.addoption("--target", metavar="URL", help="the server under test; `reference` starts the bundled one")
    group.addoption("--target-profile", metavar="NAME", help="its profile, by name or file")
    group.addoption("--target-db", metavar="DSN", help="its database, only read: postgresql://..., sqlite:///FILE")
    group.addoption("--target-upstream", metavar="HOST:PORT", help="where the upstream witness listens")
    group.addoption(
        "--target-header", action="append", default=[], metavar="NAME:VALUE", help="sent with every request"
    )
    group.addoption("--target-seed", type=int, default=0, help="repeats names and canaries (default 0)")
    group.addoption("--target-strict", action="store_true", help="a SHOULD that does not hold is a failure")
    group.addoption("--in-flight", type=int, default=16, metavar="N", help="scenarios at a time (default 16)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--target"):
        for level in LEVELS:
            config.addinivalue_line("markers", f"{level}: the scenario's requirement is a {level.upper()}")


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.getoption("--target") and _controls_workers(session.config):
        # The workers share this process's witness, and need not look at the target again.
        session.config.stash[_player] = _opened(session.config, checked=True)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    if not parent.config.getoption("--target") or file_path.name == LEDGER or file_path.suffix not in (".yaml", ".yml"):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """
    Begin everything that was selected; the items wait for their verdicts in order.
    """
    items = [item for item in session.items if isinstance(item, ScenarioItem)]
    if not items or session.config.option.collectonly or _controls_workers(session.config):
        return
    works_for_another = hasattr(session.config, "workerinput")
    player = session.config.stash[_player] = _opened(session.config, checked=not works_for_another)
    if not works_for_another:
        player.begin([(item.scenario, item.example) for item in items])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    player = session.config.stash.get(_player, None)
    if player is not None:
        player.close()
    if player is not None and exitstatus == 0 and not session.config.stash.get(_checked, 0):
        if not _controls_workers(session.config) and not hasattr(session.config, "workerinput"):
            session.exitstatus = COULD_NOT_TELL


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if (
        config.stash.get(_player, None) is not None
        and not config.stash.get(_checked, 0)
        and not _controls_workers(config)
    ):
        terminalreporter.line("threadgauge: nothing was checked: every scenario was unsupported or inconclusive (-rs)")


class ScenarioFile(pytest.File):
    """
    One scenario file; an item for each of its examples.
    """

    def collect(self) -> Iterator[pytest.Item]:
        from conformance.engine.judge import requirement_of
        from conformance.engine.play import examples
        from conformance.errors import ThreadgaugeError
        from conformance.loading.scenarios import read_scenario
        from conformance.model.transcript import Transcript

        try:
            documents = _documents(self.config)
            scenario = read_scenario(self.path).scenario
        except ThreadgaugeError as error:
            raise self.CollectError(str(error)) from None
        level = requirement_of(scenario, documents.requirements).level.lower()
        for example in examples(scenario):
            name = Transcript(scenario=scenario, example=example, profile="", target="", seed=0, started="").name
            item = ScenarioItem.from_parent(self, name=name)
            item.scenario, item.example = scenario, example
            item.add_marker(level)
            yield item


class ScenarioItem(pytest.Item):
    """
    One scenario to be played; its verdict becomes the test's.
    """

    scenario: Scenario
    example: dict[str, Any]

    def runtest(self) -> None:
        outcome, transcript = self.config.stash[_player].verdict(self.scenario, self.example)
        self._annotate(outcome, transcript)
        if outcome.kind in ("unsupported", "inconclusive"):
            pytest.skip(f"{outcome.kind}: {outcome.reason}")
        self.config.stash[_checked] = self.config.stash.get(_checked, 0) + 1
        if outcome.kind == "deviation" and not self.config.getoption("--target-strict"):
            pytest.xfail(f"deviation from a {outcome.level}: {outcome.differences[0].lines[0]}")
        if outcome.kind != "passed":
            raise ScenarioFailed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, ScenarioFailed):
            from conformance.reporting.terminal import render_outcome

            return render_outcome(excinfo.value.outcome)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name

    def _annotate(self, outcome: Outcome, transcript: Transcript) -> None:
        from conformance.reporting.allure import annotate

        self.user_properties += [("requirement", outcome.requirement), ("level", outcome.level)]
        self.user_properties += [("profile", outcome.profile), ("outcome", outcome.kind)]
        if self.config.getoption("allure_report_dir", None):
            from conformance.driver.folder import encode

            annotate(outcome, encode(transcript))


class ScenarioFailed(Exception):
    """
    A verdict that is not green; pytest shows it as the terminal report would.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


def _controls_workers(config: pytest.Config) -> bool:
    return config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")


def _documents(config: pytest.Config) -> Any:
    from conformance.commands.documents import ledger_only

    return ledger_only()


def _opened(config: pytest.Config, checked: bool) -> Player:
    from conformance.commands.testing import Player
    from conformance.errors import ThreadgaugeError

    try:
        setup, documents = _setup(config), _documents(config)
        player = Player(setup, documents, config.getoption("--target-seed"), config.getoption("--in-flight"))
        player.open(checked)
    except ThreadgaugeError as error:
        pytest.exit(f"threadgauge: {error}", returncode=COULD_NOT_TELL)
    return player


def _setup(config: pytest.Config) -> Any:
    from conformance.commands.documents import profiles_named
    from conformance.commands.running import parsed_header
    from conformance.commands.targets import Setup

    url = config.getoption("--target")
    name = config.getoption("--target-profile")
    return Setup(
        profiles=profiles_named([name] if name else ["anita"] if url == "reference" else []),
        url=None if url == "reference" else url,
        db=config.getoption("--target-db"),
        upstream=config.getoption("--target-upstream"),
        headers=dict(parsed_header(text) for text in config.getoption("--target-header")),
    )
