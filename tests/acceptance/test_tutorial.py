"""
The tutorial's commands, in their order, in one shell, as its reader types them.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [text for name, text in found if name == language]


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def here(text: str, ports: dict[str, str]) -> str:
    for named, port in ports.items():
        text = text.replace(named, port)
    return text


def test_every_command_of_the_tutorial_does_what_the_page_says(tmp_path: Path):
    ports = {"8091": free_port(), "9911": free_port()}
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    lines = [line for line in lines if not line.startswith("pip install")]
    # A background server is there when it says so; the reader sees that too.
    script = "\n".join(
        f"{line}\nfor n in {{1..400}}; do grep -q ready served && break; sleep 0.05; done"
        if line.endswith("&")
        else f'{line}\necho "=$?"'
        for line in lines
    )
    script = re.sub(r" &$", " > served &", here(script, ports), flags=re.MULTILINE)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-m", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    codes = re.findall(r"^=(\d+)$", done.stdout, re.MULTILINE)
    told = [line for block in blocks("") for line in block.splitlines()]

    # --version, doctor, the failing run, explain, kill, the mended run, compare, new, lint, own scenario, kill
    assert codes == ["0", "0", "1", "0", "0", "0", "0", "0", "0", "0", "0"], done.stdout + done.stderr
    assert [line for line in told if here(line, ports) not in done.stdout] == []
    assert "Conforms" in done.stdout
    assert (tmp_path / "after" / "index.html").is_file()
