"""
Did you mean.
"""

import pytest

from conformance.text.suggest import did_you_mean


@pytest.mark.parametrize(
    ("word", "meant"),
    [("stauts", "status"), ("Status", "status"), ("raw_text", "raw-text"), ("zzz", None), ("", None)],
)
def test_the_nearest_choice_is_suggested(word, meant):
    assert did_you_mean(word, ["status", "text", "raw-text", "headers"]) == meant
