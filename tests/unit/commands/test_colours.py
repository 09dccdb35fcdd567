"""
Colours, and who has asked for none.
"""

import io

import pytest

from conformance.checkup.finding import Finding
from conformance.commands.colours import coloured
from conformance.commands.doctor import shown
from conformance.text.redaction import Redactor


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "no_color", "colours"),
    [(Terminal(), None, True), (Terminal(), "", True), (Terminal(), "1", False), (io.StringIO(), None, False)],
)
def test_colours_are_for_a_terminal_and_not_for_who_asked_for_none(monkeypatch, stream, no_color, colours):
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)

    assert coloured(stream) is colours


@pytest.mark.parametrize("colour", [True, False])
def test_a_line_of_doctor_has_colours_only_where_they_are_wanted(colour):
    line = shown(Finding(about="store", state="wrong", said="no such table"), Redactor(), colour=colour)

    assert ("\x1b[" in line) is colour
