"""
How long one waits before anything is played: `python -m benchmarks.start FOLDER` prints the seconds to load it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.figures import ROOT, Figure, typical

__all__ = ["start"]

FILES = 300
HELP = "from conformance.cli import main; main(['--help'])"


def start() -> list[Figure]:
    """
    The command's help, and 300 scenario files: the shipped ones, and again under other ids.
    """
    python = _seconds("pass")
    with TemporaryDirectory() as folder:
        _write(Path(folder))
        loading = typical("start", folder)["wall"]
    return [
        Figure("start: threadgauge --help", _seconds(HELP), "s", 0.4, note=f"an empty Python takes {python:.3f} s"),
        Figure(f"start: {FILES} scenario files loaded", loading, "s", 1.0),
    ]


def _seconds(code: str) -> float:
    return median(_once(code) for _ in range(5))


def _once(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _write(folder: Path) -> None:
    shipped = sorted(path for path in (ROOT / "scenarios").rglob("*.yaml") if path.name != "requirements.yaml")
    for number, path in enumerate(islice(cycle(shipped), FILES)):
        text = path.read_text(encoding="utf-8")
        lines = (f"{line}-{number}" if line.startswith("id: ") else line for line in text.splitlines())
        (folder / f"{number}.yaml").write_text("\n".join(lines), encoding="utf-8")


def _load(folder: Path) -> float:
    from conformance.commands.documents import load_documents, profiles_named

    began = time.perf_counter()
    documents = load_documents([folder], profiles_named([]))
    seconds = time.perf_counter() - began
    if len(documents.scenarios) != FILES:
        raise SystemExit(f"{len(documents.scenarios)} of {FILES} were loaded")
    return seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"wall": _load(Path(sys.argv[1]))}))
