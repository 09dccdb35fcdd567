"""
A request as a curl line, a report's address, odd characters.
"""

import shlex

import pytest

from conformance.model.transcript import SentRequest
from conformance.reporting.curl import curl_line
from conformance.reporting.reports import report_url
from conformance.reporting.visible import visible
from conformance.text.digest import text_of


def line(body=None, url="http://h/chat", method="POST", **headers):
    return curl_line(SentRequest(method=method, url=url, headers=headers, body=text_of(body) if body else None))


def test_a_shell_reads_every_value_back():
    words = shlex.split(line('it\'s $HOME `id` "x"\n', Accept="a b"))

    assert words == [
        *("curl", "-sS", "-N", "-X", "POST", "http://h/chat"),
        *("-H", "Accept: a b", "--data-raw", 'it\'s $HOME `id` "x"\n'),
    ]


def test_what_curl_makes_itself_is_left_to_it():
    assert "-H" not in line(Host="h", **{"Content-Length": "12", "accept-encoding": "gzip"})


def test_brackets_and_dots_in_a_path_go_out_as_they_are():
    assert "--globoff --path-as-is" in line(url="http://h/a[1]/../b")


def test_head_waits_for_no_body():
    assert line(method="HEAD").startswith("curl -sS -N -I ")


@pytest.mark.parametrize("body", ["x" * 9000, "nul \0", "half \ud83d"])
def test_a_body_that_no_argument_can_hold_comes_from_a_file(body):
    assert "--data-binary @body  # a file of your own" in line(body)


@pytest.mark.parametrize(
    ("report", "url"),
    [
        ("langgenius/dify#9130", "https://github.com/langgenius/dify/issues/9130"),
        ("https://example.org/x", "https://example.org/x"),
        ("javascript:alert(1)", None),
        ('https://x" onclick="', None),
        ("dify#9130", None),
        (None, None),
    ],
)
def test_a_report_is_linked_only_where_its_address_is_known(report, url):
    assert report_url(report) == url


@pytest.mark.parametrize(
    "char", ["\x00", "\r", "\x1b", "\x85", "\u202e", "\u2066", "\ufeff", "\ud800", "\uffff", "\U000e0041"]
)
def test_odd_characters_are_shown_as_escapes(char):
    assert visible(f"a{char}b").isascii()
    assert visible(f"a{char}b").isprintable()


def test_ordinary_text_stays_as_it_is():
    assert visible("naïve 👩‍👩‍👧 עברית\n\tx") == "naïve 👩‍👩‍👧 עברית\n\tx"
