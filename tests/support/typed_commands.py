"""
What a page tells its reader to type: the commands of its shell blocks, of its CI files and between backticks, in order.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["commands", "words"]

BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`((?:threadgauge|pytest) [^`\n]+)`")
AGAIN = re.compile(r"^ *(?:again:|-) (threadgauge .*)$", re.MULTILINE)  # of a failure; of a CI file's script
FORM = re.compile(r" (?:\[?[A-Z]+\b|PATH)|\.\.\.")  # `threadgauge explain NAME` is a form, not a command
COMMENT = re.compile(r"\s+#\s.*$")


def commands(page: Path) -> list[str]:
    """
    Each once, where it stands first. What stands between backticks is a command if it has anything after its name.
    """
    text = page.read_text(encoding="utf-8")
    found = [(at, command) for at, command in [*_typed(text), *_named(text)] if command]
    return list(dict.fromkeys(command for _, command in sorted(found)))


def _typed(text: str) -> Iterator[tuple[int, str]]:
    for block in BLOCK.finditer(text):
        lines = block[3].replace("\\\n", " ").splitlines() if block[2] == "sh" else AGAIN.findall(block[3])
        for number, line in enumerate(lines):
            yield block.start() + number, " ".join(COMMENT.sub("", line).split())


def _named(text: str) -> Iterator[tuple[int, str]]:
    blank = BLOCK.sub(lambda block: " " * len(block[0]), text)
    for found in INLINE.finditer(blank):
        if not FORM.search(found[1]) and re.search(r" -| \S+ \S", found[1]):
            yield found.start(), found[1]


def words(command: str) -> list[str]:
    """
    The words that a shell makes of it: quotes and variables are the shell's.
    """
    done = subprocess.run(["bash", "-c", f'printf "%s\\0" {command}'], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]
