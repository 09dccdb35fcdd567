"""
The catalogue of defects against the ledger: each names requirements that name it, and stands at a seam.
"""

import dataclasses
import inspect

import pytest

from conformance.loading.ledger import load_ledger
from conformance.loading.places import builtin_profiles, shipped_ledger
from reference_server.assembly import Parts
from reference_server.defects.registry import defects, described

LEDGER = {one.id: one for one in load_ledger(shipped_ledger()).requirements}
SEAMS = {field.name: field.default for field in dataclasses.fields(Parts)}
BY_ID = sorted(defects())


def test_there_are_as_many_as_we_say():
    assert len(BY_ID) >= 150


@pytest.mark.parametrize("name", BY_ID)
def test_a_defect_derives_from_the_class_of_its_seam(name: str):
    defect = defects()[name]

    assert issubclass(defect, SEAMS[defect.seam])
    assert defect is not SEAMS[defect.seam]


@pytest.mark.parametrize("name", BY_ID)
def test_a_defect_and_the_requirements_it_breaks_name_each_other(name: str):
    for requirement in defects()[name].caught_by:
        assert name in [one.id for one in LEDGER[requirement].defects]


@pytest.mark.parametrize("name", BY_ID)
def test_a_defect_changes_something(name: str):
    defect = defects()[name]
    own = set(vars(defect)) - {"id", "seam", "dialects", "caught_by", "__module__", "__doc__", "__static_attributes__"}
    own -= {"__firstlineno__", "__abstractmethods__", "_abc_impl"}

    assert own


@pytest.mark.parametrize("one", described(), ids=lambda one: one["id"])
def test_a_defect_says_in_a_sentence_what_is_wrong(one: dict[str, str]):
    assert one["sentence"].endswith(".")
    assert set(one["dialects"]) <= set(builtin_profiles())


def test_every_requirement_that_is_tested_is_named_by_a_defect():
    caught = {requirement for one in defects().values() for requirement in one.caught_by}
    tested = {one.id for one in LEDGER.values() if one.untested is None}

    assert tested - caught == set()


def test_the_healthy_code_knows_no_defect():
    healthy = [one for one in SEAMS.values() if isinstance(one, type)]

    assert not [one for one in healthy if "defect" in inspect.getsource(one).lower()]


def test_two_defects_of_one_seam_both_count():
    both = Parts().with_replaced([defects()["no-history-sent"], defects()["assistant-turns-omitted"]])

    assert issubclass(both.history, defects()["no-history-sent"])
    assert issubclass(both.history, defects()["assistant-turns-omitted"])
