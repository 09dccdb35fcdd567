"""
What odd but correct servers were judged: results kept over several runs, and the table of docs/trust.md.

`python -m conformance.reporting.false_alarms` writes the table anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from conformance.loading.places import ROOT, builtin_profiles
from conformance.model.quirk import Trial, Trials
from conformance.reporting.templates import templates_folder

__all__ = ["filled", "parse_trials", "renewed", "table"]

PAGE: Final = ROOT / "docs" / "trust.md"
_REGION: Final = re.compile(r"(<!-- table: false-alarms -->\n).*?(<!-- end -->)", re.DOTALL)


def parse_trials(text: str) -> Trials:
    """
    Raises msgspec.ValidationError.
    """
    return msgspec.json.decode(text, type=Trials)


def renewed(before: Trials | None, now: Trials) -> Trials:
    """
    What was played now, and of the quirks alone what was played before in other dialects.

    Where only some scenarios were played, nothing that was found with all of them is kept: the file says one thing.
    """
    if before is None or before.scenarios != now.scenarios:
        return now
    played = {(tuple(one.quirks), one.dialect) for one in now.alone}
    kept = [one for one in before.alone if (tuple(one.quirks), one.dialect) not in played]
    alone = sorted([*kept, *now.alone], key=lambda one: (one.quirks, one.dialect))
    return msgspec.structs.replace(now, alone=alone, combined=now.combined or before.combined)


def table(trials: Trials) -> Iterator[str]:
    """
    The lines of the table: a quirk each, then a combination each.
    """
    names = [name for name in builtin_profiles() if any(one.dialect == name for one in trials.alone)]
    every = [*trials.alone, *trials.combined]
    alarms = sum(one.verdict != "green" for one in every)
    quirks = dict.fromkeys(one.quirks[0] for one in trials.alone)
    scenarios = "all scenarios" if trials.scenarios == "all" else "some scenarios of each kind"
    tried = f"{len(quirks)} quirks in {len(trials.alone)} trials, {len(trials.combined)} combinations"
    yield f"{tried}: {alarms} false alarms."
    yield f"A number is how many scenarios passed ({scenarios}); a dialect that is empty has the quirk not, or not yet."
    yield ""
    yield _line("quirk", *names)
    yield _line("---", *("---" for _ in names))
    for quirk in quirks:
        found = {one.dialect: one for one in trials.alone if one.quirks == [quirk]}
        yield _line(f"`{quirk}`", *(_cell(found.get(name)) for name in names))
    yield ""
    yield _line("combination", "dialect", "passed")
    yield _line("---", "---", "---")
    for one in trials.combined:
        yield _line(", ".join(f"`{name}`" for name in one.quirks), one.dialect, _cell(one))


def filled(page: str, trials: Trials) -> str:
    """
    The page with the table in its region.
    """
    return _REGION.sub(lambda found: found[1] + "\n" + "\n".join(table(trials)) + "\n\n" + found[2], page)


def _cell(one: Trial | None) -> str:
    if one is None:
        return ""
    return str(one.passed) if one.verdict == "green" else f"**{len(one.alarms)} alarms**"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def write(page: Path = PAGE) -> None:
    trials = parse_trials((templates_folder() / "quirks.json").read_text(encoding="utf-8"))
    page.write_text(filled(page.read_text(encoding="utf-8"), trials), encoding="utf-8")


if __name__ == "__main__":
    write()
