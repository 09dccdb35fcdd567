"""
JSON paths: what they find, and what is said of a wrong one.
"""

import pytest

from conformance.text.jsonpath import NOTHING, PathError, find, one

THREAD = {"id": "t1", "title": None, "messages": [{"text": "a"}, {"text": "b"}, {}], "a-b": {"it's": 1, 'x"y': 2}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [THREAD]),
        ("$.id", ["t1"]),
        ("$.messages[0].text", ["a"]),
        ("$.messages[-1]", [{}]),
        ("$.messages[*].text", ["a", "b"]),
        ("$['a-b']['it\\'s']", [1]),
        ('$[\'a-b\']["x\\"y"]', [2]),
        ("$['a-b'][*]", [1, 2]),
        ("$.messages[3]", []),
        ("$.messages[-4]", []),
        ("$.id.x", []),
        ("$.id[0]", []),
        ("$.id[*]", []),
        ("$[0]", []),
    ],
)
def test_a_path_finds_what_it_says(path, found):
    assert find(path, THREAD) == found


def test_absent_is_not_null():
    assert (one("$.title", THREAD), one("$.nothing", THREAD)) == (None, NOTHING)


def test_one_is_the_first():
    assert one("$.messages[*].text", THREAD) == "a"


@pytest.mark.parametrize(
    ("path", "column", "problem"),
    [
        ("", 1, "a path begins with `$`"),
        ("id", 1, "a path begins with `$`"),
        ("$.a..b", 4, "`..` is not supported"),
        ("$.a[?(@.b)]", 4, "filters are not supported"),
        ("$.a[b]", 4, "expected a number, `*` or a quoted name in brackets"),
        ("$.a[", 4, "expected a number, `*` or a quoted name in brackets"),
        ("$.a-b", 4, "a name with a hyphen is written `['like-this']`"),
        ("$a", 2, "expected `.name` or `[`"),
        ("$.", 2, "expected `.name` or `[`"),
    ],
)
def test_a_wrong_path_is_refused_with_its_column(path, column, problem):
    with pytest.raises(PathError) as caught:
        find(path, {})

    assert (caught.value.column, caught.value.problem) == (column, problem)
