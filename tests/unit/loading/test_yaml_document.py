"""
YAML to a document: JSON's values, every key once, a place for everything.
"""

import os
from pathlib import Path

import pytest

from conformance.errors import DocumentsInvalid
from conformance.loading.document import Document
from conformance.loading.yaml_document import parse_document, read_document


def document(text: str) -> Document:
    return parse_document(text, "a.yaml")


def refusal(text: str) -> list[str]:
    with pytest.raises(DocumentsInvalid) as caught:
        document(text)
    return [str(problem).split("\n")[0] for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("2026-01-01", "2026-01-01"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("-1.5", -1.5),
        ("+5", 5),
        ("-", [None]),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ('"true"', "true"),
        ("'5'", "5"),
        ("1.2.3", "1.2.3"),
        ("-x", "-x"),
        ("{a: 1}", {"a": 1}),
    ],
)
def test_scalars_are_those_of_json(written, value):
    found = document(f"a:\n  {written}").value["a"]

    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("written", ["010", "0x1F", "0o17", ".inf", "-.INF", ".nan", "1e999", "9" * 400])
def test_numbers_that_readers_disagree_about_are_refused(written):
    assert refusal(f"a: {written}") == [f"a.yaml:1:4: `{written[:40]}` is not a number that JSON has"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file is empty"),
        ("# nothing\n", "1:1: the file is empty"),
        ("- a\n", "1:1: expected a mapping at the top, got a list"),
        ("a", "1:1: expected a mapping at the top, got a single value"),
        ("a: 1\nb: 2\na: 3\n", "3:1: `a` is given twice, first in line 1"),
        ("a: {b: 1, b: 1}", "1:11: `b` is given twice, first in line 1"),
        ("a: {1: 2}", "1:5: a key must be text, not `1`"),
        ("a: {null: 2}", "1:5: a key must be text, not `null`"),
        ("? [a]\n: 1", "1:3: a key must be text, not a list"),
        ("a: !!str 1", "1:4: tags (`!!str`) are not supported"),
        ("a: !mine {}", "1:4: tags (`!mine`) are not supported"),
        ("a: &x {b: 1}\nc: {<<: *x}", "2:5: merge keys (`<<`) are not supported"),
        ("a:\n\tb: 1", "2:1: a tab cannot indent"),
        ("a: 1\n---\nb: 2", "2:1: a file holds one document"),
        ("a: *nobody", "1:4: not YAML: found undefined alias"),
        ("a: [1", "2:1: not YAML: did not find expected ',' or ']'"),
        ("a: 'x\n", "2:1: not YAML: found unexpected end of stream"),
        ('a: "\\ud83d"', "1:7: not YAML: found invalid Unicode character escape code"),
        ("ключ: \0", "1:7: character U+0000 cannot stand in YAML"),
        ("a: &x [*x]", "1:4: more than 50 levels or 100000 values"),
        ("a: " + "[" * 60 + "]" * 60, "1:54: more than 50 levels or 100000 values"),
        ("a: " + "[" * 100_000, "1:1: is nested more than 50 levels deep"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, problem):
    assert refusal(text) == [f"a.yaml:{problem}"]


def test_aliases_cannot_grow_without_bound():
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert "100000 values" in refusal("\n".join(["a0: &a0 [x]", *lines]))[0]


def test_an_alias_repeats_its_anchor():
    assert document("a: &x {b: 1}\nc: *x").value == {"a": {"b": 1}, "c": {"b": 1}}


def test_all_problems_of_a_file_are_told():
    assert len(refusal("a: 010\nb: !x y\na: 1")) == 3


def test_a_byte_that_is_not_utf_8_has_a_place(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes("é: 1\né: \xff".encode("latin-1").replace(b"\xe9", "é".encode()))

    with pytest.raises(DocumentsInvalid, match=r"a\.yaml:2:4: byte 0xff is not UTF-8"):
        read_document(file)


def test_a_byte_order_mark_shifts_nothing(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes("\ufeffa: 1".encode())

    assert read_document(file).at(("a",), "x").column == 4


@pytest.mark.parametrize(("name", "problem"), [("none.yaml", "No such file"), (".", "Is a directory")])
def test_what_cannot_be_read_is_a_problem(tmp_path, name, problem):
    with pytest.raises(DocumentsInvalid, match=f"1:1: cannot be read: {problem}"):
        read_document(tmp_path / name)


def test_a_huge_file_is_not_read_whole(tmp_path):
    file = tmp_path / "a.yaml"
    with file.open("wb") as stream:
        os.truncate(stream.fileno(), 5_000_000)

    with pytest.raises(DocumentsInvalid, match="is larger than"):
        read_document(file)


def test_places_count_code_points_from_one():
    text = '"😀ключ": [1, {x: "y"}]\n'

    problem = document(text).at(("😀ключ", 1, "x"), "no")

    assert (problem.line, problem.column) == (1, 18)


def test_a_key_has_a_place_of_its_own():
    found = document("a:\n  b: 1")

    assert [(one.line, one.column) for one in (found.at_key(("a", "b"), ""), found.at(("a", "b"), ""))] == [
        (2, 3),
        (2, 6),
    ]


def test_a_fragment_is_found_within_a_folded_text():
    problem = document("a: >-\n  one\n  two ${x}\n").at(("a",), "no", fragment="${x}")

    assert (problem.line, problem.column) == (3, 7)


def test_what_is_not_there_is_placed_at_the_nearest_that_is():
    problem = document("a:\n  b: 1").at(("a", "c", "d"), "no")

    assert (problem.line, problem.column) == (1, 1)


def test_the_pure_loader_reads_alike():
    # Without libyaml the same class stands on SafeLoader; a fresh interpreter shows it.
    import subprocess
    import sys

    program = (
        "import yaml; del yaml.CSafeLoader\n"
        "from conformance.loading.yaml_document import parse_document\n"
        "found = parse_document('a: [no, 010x, \"é\", {b: 1e3}]\\n', 'f')\n"
        "print(ascii(found.value), found.at(('a', 3, 'b'), '').column)\n"
        "try: parse_document('a: \"' + chr(92) + 'ud83d\"', 'f')\n"
        "except Exception as error: print(error)\n"
        "try: parse_document('[' * 100000, 'f')\n"
        "except Exception as error: print(error)\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True)

    assert done.stdout.splitlines() == [
        "{'a': ['no', '010x', '\\xe9', {'b': 1000.0}]} 24",
        "f:1:4: half of a surrogate pair",
        "  hint: write `${high-surrogate}`, `${low-surrogate}` or `${lone-surrogate}`",
        "f:1:1: is nested more than 50 levels deep",
    ]
