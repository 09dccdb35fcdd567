"""
Baseline files.
"""

from datetime import date

import pytest

from conformance.errors import DocumentsInvalid
from conformance.loading.baseline import load_baseline, render_baseline
from conformance.model.baseline import Entry


def problems(tmp_path, text: str) -> list[str]:
    file = tmp_path / "known.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentsInvalid) as caught:
        load_baseline(file)
    return [str(one).removeprefix(f"{file}:") for one in caught.value.problems]


def test_an_entry_knows_its_line(tmp_path):
    file = tmp_path / "known.yaml"
    file.write_text("known:\n  - fails: a/b\n    reason: because\n    expires: 2026-12-31\n", encoding="utf-8")

    assert load_baseline(file) == [
        Entry(fails="a/b", reason="because", expires=date(2026, 12, 31), place=f"{file}:2"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("knwon: []\n", "1:1: unknown field `knwon`\n  hint: did you mean `known`?"),
        ("known:\n  - fails: a/b\n", "2:5: `known` needs `reason`"),
        (
            "known:\n  - fails: a/b\n    reason: because\n    link: issue 12\n",
            "4:11: `link`: `issue 12` is not an address",
        ),
        ("known:\n  - fails: a/b\n    reason: because\n    expires: 2026-02-30\n", "4:14: `expires`: "),
        ("known:\n  - fails: a/b\n    reason: one\n  - fails: a/b\n    reason: two\n", "4:12: `a/b` is given twice"),
    ],
)
def test_a_mistake_has_a_place(tmp_path, text, said):
    assert any(said in one for one in problems(tmp_path, text)), problems(tmp_path, text)


@pytest.mark.parametrize(
    "reason", ['a "quoted" one', "new\nline\x85\u2028", "😀 é", "- : # {", "bell \x07 nul \x00", "\\"]
)
def test_what_is_written_loads_as_it_was(tmp_path, reason):
    file = tmp_path / "known.yaml"
    entry = Entry(fails="a/b[x=1]@anita#prompt", reason=reason + "...", place=f"{file}:4", expires=date(2027, 1, 31))
    file.write_text(render_baseline([entry]), encoding="utf-8")

    assert load_baseline(file) == [entry]


def test_half_a_surrogate_pair_is_replaced(tmp_path):
    assert "�" in render_baseline([Entry(fails="a/b", reason="half \ud83d", place="")])


def test_an_empty_baseline_is_one(tmp_path):
    file = tmp_path / "known.yaml"
    file.write_text(render_baseline([]), encoding="utf-8")

    assert load_baseline(file) == []
