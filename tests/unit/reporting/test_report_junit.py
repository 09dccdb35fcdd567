"""
JUnit XML.
"""

from xml.etree import ElementTree

import sample

from conformance.reporting.junit import render_junit

# What Jenkins' junit-10.xsd (with pytest's `properties` in a test case) allows.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "properties": set(),
    "property": {"name", "value"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "testcase": {"properties", "failure", "error", "skipped"},
    "properties": {"property"},
}


def parsed(outcomes=None, **options):
    return ElementTree.fromstring(render_junit(sample.results(outcomes, **options)).encode())


def tags(root):
    return [child.tag for case in root.iter("testcase") for child in case if child.tag != "properties"]


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


def test_the_requirement_is_a_property():
    properties = parsed([sample.failure()]).iterfind(".//testcase/properties/property")

    assert {one.get("name"): one.get("value") for one in properties} == {
        "requirement": sample.RECALL,
        "level": "MUST",
        "outcome": "failed",
    }


def test_what_xml_forbids_is_made_visible():
    odd = sample.failure(title="nul \x00 lone \ud800 bell \x07 nonchar \uffff ]]> <b>")
    text = parsed([odd]).find(".//failure").text

    assert r"nul \x00 lone \ud800 bell \x07 nonchar \uffff ]]> <b>" in text


def test_no_outcome_is_a_document_too():
    assert parsed([]).get("tests") == "0"
