"""
Values that no option takes.
"""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from conformance.cli import main


@pytest.mark.parametrize("value", ["nan", "-1", "0", "inf", "soon"])
def test_a_time_is_more_than_nothing_and_ends(value: str):
    told = CliRunner().invoke(main, ["run", "--timeout", value, "--dry-run"])

    assert (told.exit_code, "Invalid value for '--timeout'" in told.output) == (2, True)


def test_a_configuration_that_is_not_utf_8_is_told_and_is_no_verdict(tmp_path):
    file = tmp_path / "threadgauge.toml"
    file.write_bytes(b"strict = true # \xff\n")

    told = CliRunner().invoke(main, ["--config", str(file), "list", "--profiles"])

    assert (told.exit_code, "byte 16 is not UTF-8" in told.output) == (2, True)
