"""
Scenario files and folders.
"""

from pathlib import Path

import pytest

from conformance.errors import DocumentsInvalid
from conformance.loading.scenarios import load_scenarios

SCENARIO = "id: {id}\ntitle: A title\nsteps:\n  - chat: {{thread: t, say: Hello}}\n"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_folder_is_read_with_all_below_it_but_the_ledger(tmp_path):
    write(tmp_path, "b.yml", SCENARIO.format(id="b"))
    write(tmp_path, "deep/er/a.yaml", SCENARIO.format(id="a"))
    write(tmp_path, "requirements.yaml", "not: a scenario")
    write(tmp_path, "readme.txt", "no")

    loaded = load_scenarios([tmp_path])

    assert [one.scenario.id for one in loaded] == ["b", "a"]


def test_a_file_named_twice_is_read_once(tmp_path):
    file = write(tmp_path, "a.yaml", SCENARIO.format(id="a"))

    assert len(load_scenarios([file, tmp_path])) == 1


def test_the_problems_of_all_files_are_raised_at_once(tmp_path):
    one = write(tmp_path, "1.yaml", "a: 010")
    two = write(tmp_path, "2.yaml", SCENARIO.format(id="B"))
    three = write(tmp_path, "3.yaml", SCENARIO.format(id="c") + "    expect: {}\n")

    with pytest.raises(DocumentsInvalid) as caught:
        load_scenarios([tmp_path])

    assert [(problem.file, problem.line, problem.column) for problem in caught.value.problems] == [
        (str(one), 1, 4),
        (str(two), 1, 5),
        (str(three), 5, 13),
    ]


def test_an_id_that_two_files_have_is_refused(tmp_path):
    first = write(tmp_path, "1.yaml", SCENARIO.format(id="a"))
    write(tmp_path, "2.yaml", SCENARIO.format(id="a"))

    with pytest.raises(DocumentsInvalid, match=rf"2\.yaml:1:5: scenario `a` is also in {first}"):
        load_scenarios([tmp_path])


def test_a_file_that_is_not_there_is_a_problem(tmp_path):
    with pytest.raises(DocumentsInvalid, match="cannot be read: No such file"):
        load_scenarios([tmp_path / "none.yaml"])
