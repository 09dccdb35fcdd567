"""
What others' CI takes from here: the GitHub action, the GitLab job, the image with its compose file, the pre-commit
hook. No such host is here, so each is held to its schema, and the commands in it are run.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser
from reference_process import serving

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
ONE = "storage/turn-is-stored"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def ran(command: str, folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """
    A script of a job, as a runner runs it: bash that stops at the first error, in the checked out folder.
    """
    environment = {**os.environ, **given, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.gitlab-ci", "deploy/gitlab.yml"),
        ("vendor.compose-spec", "deploy/compose.yaml"),
    ],
)
def test_each_file_keeps_the_schema_of_its_host(schema: str, file: str):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / file)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (told.returncode, told.stdout.strip()) == (0, "ok -- validation done")


# -- the GitHub action


def action(folder: Path, **inputs: str) -> tuple[int, str, str]:
    """
    The step that plays: its exit code, what it wrote to the step's output, and the job's summary.
    """
    steps = read(ROOT / "action.yml")
    values = {name: str(one.get("default", "")) for name, one in steps["inputs"].items()} | inputs
    step = next(one for one in steps["runs"]["steps"] if one.get("id") == "play")
    given = {name: values[asked.removeprefix("${{ inputs.").removesuffix(" }}")] for name, asked in step["env"].items()}
    output, summary = folder / "output", folder / "summary"
    done = ran(step["run"], folder, {**given, "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)})
    assert done.returncode in (0, 1, 2), done.stderr
    return done.returncode, output.read_text(), summary.read_text() if summary.exists() else ""


def test_the_action_passes_a_server_that_conforms_and_writes_the_summary(tmp_path: Path):
    code, output, summary = action(tmp_path, profile="anita", select=f"{ONE}\nrecall/no-doubling", upstream="")

    assert (code, output, "Conforms" in summary) == (0, "exit-code=0\n", True)


def test_the_action_fails_for_one_that_does_not(tmp_path: Path):
    code, output, summary = action(
        tmp_path, profile="anita", select=ONE, upstream="", options="--defect assistant-never-stored"
    )

    assert (code, output, ONE in summary) == (1, "exit-code=1\n", True)


def test_the_action_says_so_where_nobody_answers(tmp_path: Path):
    code, output, _ = action(tmp_path, url="http://127.0.0.1:1", profile="anita", select=ONE)

    assert (code, output) == (2, "exit-code=2\n")


def test_the_actions_install_step_names_this_project():
    steps = read(ROOT / "action.yml")["runs"]["steps"]

    assert [one["run"] for one in steps if "install" in one.get("run", "")] == [
        'python -m pip install --quiet "$GITHUB_ACTION_PATH"'
    ]


# -- the GitLab job


def test_the_gitlab_job_judges_a_server_and_leaves_what_it_keeps(tmp_path: Path, free_port: int):
    job = read(DEPLOY / "gitlab.yml")[".threadgauge"]
    upstream = f"127.0.0.1:{free_port}"
    with serving(f"sqlite:///{tmp_path}/target.db", "--upstream", f"http://{upstream}/v1") as target:
        own = {"THREADGAUGE_URL": f"{target.url}/anita", "THREADGAUGE_PROFILE": "anita", "THREADGAUGE_SELECT": ONE}
        given = {**job["variables"], **own, "THREADGAUGE_UPSTREAM": upstream}
        done = ran("\n".join(job["script"]), tmp_path, given)
    kept = [job["artifacts"]["reports"]["junit"], job["artifacts"]["reports"]["metrics"]]
    files = [tmp_path / name.replace("$THREADGAUGE_OUTPUT", given["THREADGAUGE_OUTPUT"]) for name in kept]

    assert (done.returncode, done.stderr, [file.is_file() for file in files]) == (0, "", [True, True])


# -- the image


def test_the_image_is_made_of_files_that_are_there_and_are_enough(tmp_path: Path):
    parser = DockerfileParser(path=str(DEPLOY / "Dockerfile"), cache_content=True)
    copied = [shlex.split(one["value"]) for one in parser.structure if one["instruction"] == "COPY"]
    for *sources, into in copied:
        for source in sources:
            place = tmp_path / into.strip("/")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path / "made"), "."]
    done = subprocess.run(wheel, cwd=tmp_path / "src", capture_output=True, text=True, timeout=120, check=False)

    assert (done.returncode, [one.suffix for one in (tmp_path / "made").iterdir()]) == (0, [".whl"]), done.stderr


def test_what_the_image_runs_is_the_command():
    parser = DockerfileParser(path=str(DEPLOY / "Dockerfile"), cache_content=True)
    last = {one["instruction"]: one["value"] for one in parser.structure}

    assert (last["ENTRYPOINT"], last["CMD"], last["USER"]) == ('["threadgauge"]', '["run"]', "gauge")


# -- the compose file


@pytest.fixture
def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[None]:
    process = subprocess.Popen([str(BIN / "threadgauge"), *command], cwd=folder)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_the_services_of_the_compose_file_work_together(tmp_path: Path, postgres_url: str, free_port: int):
    services = read(DEPLOY / "compose.yaml")["services"]
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    here = {
        "postgresql://postgres:secret@postgres/chat": postgres_url,
        "http://threadgauge:9911": f"http://127.0.0.1:{free_port}",
        "0.0.0.0:9911": f"127.0.0.1:{free_port}",
        "http://target:8000": f"http://127.0.0.1:{port}",
        "--host=0.0.0.0": "--host=127.0.0.1",
        "--port=8000": f"--port={port}",
    }
    with running([_moved(word, here) for word in services["target"]["command"]], tmp_path):
        _well(_moved(services["target"]["healthcheck"]["test"][-1], {"8000": str(port)}))
        command = [_moved(word, here) for word in services["threadgauge"]["command"]]
        play = [str(BIN / "threadgauge"), *command, "--select", ONE, "--require-conclusive"]
        done = subprocess.run(play, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, (tmp_path / "report" / "index.html").is_file()) == (0, True), done.stdout + done.stderr


def _moved(word: str, here: Mapping[str, str]) -> str:
    for there, place in here.items():
        word = word.replace(there, place)
    return word


def _well(check: str) -> None:
    """
    Run the service's own health check until it holds.
    """
    ends = time.monotonic() + 20
    while subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).returncode:
        assert time.monotonic() < ends, "the target was never well"


# -- the pre-commit hook


def test_the_hook_is_one_and_refuses_a_wrong_scenario(tmp_path: Path):
    hooks = ROOT / ".pre-commit-hooks.yaml"
    valid = [sys.executable, "-m", "pre_commit", "validate-manifest", str(hooks)]
    assert subprocess.run(valid, timeout=60, check=False).returncode == 0
    (hook,) = read(hooks)
    wrong = tmp_path / "scenarios" / "one.yaml"
    wrong.parent.mkdir()
    wrong.write_text("id: a/one\ntitle: One\nsteps:\n  - chat: {thread: t, say: Hello}\n    expect: {stauts: 200}\n")
    done = ran(f"{hook['entry']} scenarios/one.yaml", tmp_path, {})

    assert (done.returncode, "did you mean `status`" in done.stdout + done.stderr) == (1, True)
