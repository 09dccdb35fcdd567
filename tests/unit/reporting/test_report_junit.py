"""
JUnit XML.
"""

from pathlib import Path
from xml.etree import ElementTree

import junitparser
import pytest
import sample
import xmlschema

from conformance.model.baseline import Entry
from conformance.reporting.junit import render_junit

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parents[3] / "fixtures" / "junit" / "junit-10.xsd"))

# What the schema allows and we write.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "properties": set(),
    "property": {"name", "value"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
    "properties": {"property"},
}


def parsed(outcomes=None, **options):
    return ElementTree.fromstring(render_junit(sample.results(outcomes, **options)).encode())


def tags(root):
    return [child.tag for case in root.iter("testcase") for child in case if child.tag != "system-out"]


def test_only_what_the_schema_knows_is_written():
    for element in parsed().iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())


def test_the_counts_are_those_of_the_elements():
    root = parsed()
    for suite in [*root.iter("testsuite"), root]:
        found = {
            name: len(list(suite.iter(tag)))
            for tag, name in (
                ("testcase", "tests"),
                ("failure", "failures"),
                ("error", "errors"),
                ("skipped", "skipped"),
            )
        }
        assert {name: found[name] for name in suite.attrib.keys() & found.keys()} == {
            name: int(suite.attrib[name]) for name in suite.attrib.keys() & found.keys()
        }


def test_each_kind_has_its_element():
    kinds = ("passed", "failed", "error", "deviation", "inconclusive", "unsupported")
    outcomes = [sample.outcome(kind=kind, name=f"a/{n}") for n, kind in enumerate(kinds)]

    assert tags(parsed(outcomes)) == ["failure", "error", "skipped", "skipped", "skipped"]


def test_a_strict_run_fails_a_deviation():
    assert tags(parsed([sample.outcome(kind="deviation")], strict=True)) == ["failure"]


def test_a_run_that_must_be_conclusive_fails_what_is_not():
    assert tags(parsed([sample.outcome(kind="inconclusive")], require_conclusive=True)) == ["failure"]


def test_names_are_stable():
    case = parsed([sample.failure()]).find(".//testcase")

    assert (case.get("classname"), case.get("name")) == ("anita.recall", sample.RECALL)


def test_the_failure_can_be_acted_on():
    failure = parsed([sample.failure()]).find(".//failure")

    assert failure.get("message") == "prompt (sent to the model) has 1 message, expected 3"
    assert sample.AGAIN in failure.text


def test_the_requirement_is_told_where_the_schema_has_room_for_it():
    told = parsed([sample.failure()]).find(".//testcase/system-out").text

    assert told.splitlines() == [
        f"[[PROPERTY|requirement={sample.RECALL}]]",
        "[[PROPERTY|level=MUST]]",
        "[[PROPERTY|outcome=failed]]",
    ]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_jenkins_accepts_it(count):
    SCHEMA.validate(render_junit(sample.results(sample.many(count))))
    SCHEMA.validate(render_junit(sample.results()))


@pytest.mark.parametrize("duration", [0.0, 0.0004, 12.3456, 123456.7])
def test_jenkins_accepts_any_duration(duration):
    SCHEMA.validate(render_junit(sample.results([sample.outcome(duration=duration)], duration=duration)))


def test_jenkins_accepts_a_baseline_that_is_out_of_date():
    entry = Entry(fails="a/b", reason="because", place="known.yaml:3", state="fixed", told="take it out")
    SCHEMA.validate(render_junit(sample.results(baseline=[entry])))


def test_the_schema_refuses_what_jenkins_does():
    spoilt = render_junit(sample.results()).replace("<system-out>", "<properties/><system-out>")

    assert not SCHEMA.is_valid(spoilt)


def test_the_reader_of_github_s_reporters_counts_what_we_count():
    text = render_junit(sample.results())
    read = junitparser.JUnitXml.fromstring(text.encode())
    found = [type(one).__name__.lower() for suite in read for case in suite for one in case.result]

    assert sum(1 for suite in read for _ in suite) == read.tests
    assert (found.count("failure"), found.count("error")) == (read.failures, read.errors)
    assert found.count("skipped") == sum(suite.skipped for suite in read)


def test_no_two_tests_have_one_name_for_gitlab_drops_the_second():
    cases = [(case.get("classname"), case.get("name")) for case in parsed().iter("testcase")]

    assert len(set(cases)) == len(cases)


def test_what_xml_forbids_is_made_visible():
    odd = sample.failure(title="nul \x00 lone \ud800 bell \x07 nonchar \uffff ]]> <b>")
    text = parsed([odd]).find(".//failure").text

    assert r"nul \x00 lone \ud800 bell \x07 nonchar \uffff ]]> <b>" in text


def test_no_outcome_is_a_document_too():
    assert parsed([]).get("tests") == "0"
