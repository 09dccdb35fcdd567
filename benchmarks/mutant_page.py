"""
The result of the generic mutants, and what docs/trust.md says of it.

`python -m benchmarks.mutant_page` writes the page's part anew, from reports/mutants.json.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.figures import ROOT

__all__ = ["Explained", "Mutant", "Result", "Row", "Tried", "filled", "parsed", "rows", "table", "written"]

PAGE: Final = ROOT / "docs" / "trust.md"
RESULT: Final = ROOT / "reports" / "mutants.json"
KILLED: Final = ("killed", "dead", "hung")
_REGION: Final = re.compile(r"(<!-- table: mutants -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    One change at one place: `was` and `now` are the changed lines, stripped.
    """

    file: str
    operator: str
    occurrence: int
    line: int
    was: str
    now: str

    @property
    def id(self) -> str:
        return f"{self.file}:{self.line} {self.operator}/{self.occurrence}"


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What the suite made of a mutant: `killed` by a requirement, `dead` (the server did not start), `hung`, `survived`.
    """

    mutant: Mutant
    verdict: str
    by: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Explained:
    """
    Why nothing sees a change. One that is not `equivalent` is a mistake, and no scenario can show it.
    """

    why: str
    equivalent: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """
    A mutant as it is kept. `why` is said of survivors alone.
    """

    file: str
    line: int
    operator: str
    was: str
    now: str
    verdict: str
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """
    A sample: how it is drawn again, and what came of it. `places` counts, by file, where the sources can be changed.
    """

    seed: int
    places: Mapping[str, int]
    rows: Sequence[Row]


def rows(results: Sequence[Tried], explained: Mapping[tuple[str, str, str], Explained]) -> list[Row]:
    return [_row(one, explained.get((one.mutant.file, one.mutant.was, one.mutant.now))) for one in results]


def _row(one: Tried, explained: Explained | None) -> Row:
    verdict, by, why = one.verdict, one.by, ""
    if verdict == "survived" and explained is not None:
        verdict, why = "equivalent" if explained.equivalent else "survived", explained.why
    # What a server says that does not start names places of this machine.
    by = "" if verdict == "dead" else by
    mutant = one.mutant
    return Row(mutant.file, mutant.line, mutant.operator, mutant.was, mutant.now, verdict, by, why)


def written(result: Result) -> str:
    """
    A line for each mutant.
    """
    head = json.dumps({"seed": result.seed, "places": dict(result.places)})
    lines = [json.dumps(_kept(one)) for one in result.rows]
    return f'{head[:-1]}, "rows": [\n' + ",\n".join(lines) + "\n]}\n"


def _kept(row: Row) -> dict[str, Any]:
    return {name: value for name, value in asdict(row).items() if value or name not in ("by", "why")}


def parsed(text: str) -> Result:
    said: dict[str, Any] = json.loads(text)
    return Result(said["seed"], said["places"], [Row(**one) for one in said["rows"]])


def table(result: Result) -> str:
    """
    As Markdown: the counts by module, the share of those killed that could be, and every survivor with its reason.
    """
    names = sorted({one.file for one in result.rows})
    lines = ["| module | places | sampled | killed | equivalent | survived |", "|---|---|---|---|---|---|"]
    lines += [_counts(f"`{_short(name)}`", [result.places[name]], result.rows, name) for name in names]
    lines.append(_counts("all", [sum(result.places.values())], result.rows))
    equivalent = sum(one.verdict == "equivalent" for one in result.rows)
    killed = sum(one.verdict in KILLED for one in result.rows)
    killable = len(result.rows) - equivalent
    share = f"{100 * killed / killable:.1f} %" if killable else "none"
    lines += ["", f"Killed of those that are not equivalent: {killed} of {killable}, {share}.", ""]
    lines += [*_left(result.rows, "survived", "Survived:"), *_left(result.rows, "equivalent", "Equivalent:")]
    return "\n".join(lines).rstrip()


def _counts(name: str, places: Sequence[int], every: Sequence[Row], file: str | None = None) -> str:
    mine = [one for one in every if file in (None, one.file)]
    killed = sum(one.verdict in KILLED for one in mine)
    left = [sum(one.verdict == verdict for one in mine) for verdict in ("equivalent", "survived")]
    return f"| {name} | {' | '.join(str(one) for one in (*places, len(mine), killed, *left))} |"


def _left(every: Sequence[Row], verdict: str, head: str) -> Iterator[str]:
    found = [one for one in every if one.verdict == verdict]
    if not found:
        return
    yield from [head, "", "| place | was | became | why nothing sees it |", "|---|---|---|---|"]
    for one in sorted(found, key=lambda one: (one.file, one.line, one.operator)):
        place = f"{_short(one.file)}:{one.line}"
        yield f"| {place} | {_code(one.was)} | {_code(one.now)} | {one.why or '**not explained**'} |"
    yield ""


def _short(file: str) -> str:
    return file.removeprefix("reference_server/core/")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if text else "nothing"


def filled(page: str, result: Result) -> str:
    """
    A page whose region `mutants` is the table of a result.
    """
    return _REGION.sub(lambda found: f"{found[1]}\n{table(result)}\n\n{found[2]}", page)


def main() -> None:
    result = parsed(RESULT.read_text(encoding="utf-8"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8")


if __name__ == "__main__":
    main()
