"""
What is read of an OpenAPI document: references, alternatives, forms, who asks.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.drafting.openapi import Api, Endpoint, read_api
from conformance.errors import UsageError


def document(body: Any, **components: Any) -> dict[str, Any]:
    operation = {"operationId": "say", "requestBody": {"content": {"application/json": {"schema": body}}}}
    paths = {"/chat/{thread_id}": {"post": operation}}
    return {"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": paths, "components": components}


def endpoint(value: Any) -> Endpoint:
    return read_api(value).endpoints[0]


def test_a_reference_is_followed():
    seen = endpoint(
        document(
            {"$ref": "#/components/schemas/Body"},
            schemas={"Body": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}},
        )
    )

    assert seen.body is not None
    assert (seen.body.required, seen.body.properties["text"].kinds) == ({"text"}, {"string"})


def test_alternatives_are_laid_together_and_null_is_none():
    seen = endpoint(document({"properties": {"text": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}))

    assert seen.body is not None
    assert seen.body.properties["text"].kinds == {"string"}


def test_a_schema_that_holds_itself_ends():
    node = {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Node"}}}

    assert endpoint(document({"$ref": "#/components/schemas/Node"}, schemas={"Node": node})).body is not None


def test_a_form_is_no_json():
    value = document({})
    content = value["paths"]["/chat/{thread_id}"]["post"]["requestBody"]["content"]
    content["multipart/form-data"] = content.pop("application/json")

    assert endpoint(value).form


def test_parameters_of_a_path_and_its_last_word():
    seen = endpoint(document({}))

    assert (seen.parameters, seen.last, str(seen)) == (["thread_id"], "chat", "POST /chat/{thread_id}")


@pytest.mark.parametrize(
    ("scheme", "auth"),
    [
        ({"type": "http", "scheme": "bearer"}, ("authorization", "Bearer ${token}")),
        ({"type": "apiKey", "in": "header", "name": "X-API-Key"}, ("x-api-key", "${token}")),
        ({"type": "apiKey", "in": "cookie", "name": "session"}, None),
    ],
)
def test_who_asks_is_said_by_a_security_scheme(scheme: dict[str, str], auth: tuple[str, str] | None):
    assert read_api(document({}, securitySchemes={"any": scheme})).auth == auth


@pytest.mark.parametrize(
    "sloppy",
    [
        {"required": True},
        {"required": [{}]},
        {"enum": None},
        {"properties": []},
        {"properties": None},
        {"type": [{}, "object"]},
        {"type": {}},
        {"allOf": {}},
        {"format": {}},
    ],
)
def test_a_schema_written_by_hand_is_read_as_far_as_it_goes(sloppy: Any):
    schema = {"type": "object", "properties": {"text": {"type": "string"}, "odd": sloppy}, "required": ["text"]}
    seen = endpoint(document(schema)).body

    assert seen is not None
    assert ({*seen.properties}, seen.required) == ({"text", "odd"}, {"text"})


@pytest.mark.parametrize("sloppy", [None, [], 7, [None], [{"in": "query", "name": {}}], {"limit": {}}])
def test_parameters_that_are_no_list_of_parameters_are_none(sloppy: Any):
    paths = {"/chat": {"parameters": sloppy, "get": {"parameters": sloppy}}, 7: {}, "/odd": sloppy}
    read = read_api({"openapi": "3.0.0", "info": "Shop", "paths": paths})

    assert [(str(one), one.query) for one in read.endpoints] == [("GET /chat", {})]


@pytest.mark.parametrize("components", [[], [1], None, {"securitySchemes": []}, {"securitySchemes": {"any": []}}])
@pytest.mark.parametrize("body", [[], {"content": []}, {"content": [1]}, {"content": {"application/json": []}}])
def test_no_part_of_the_wrong_kind_is_followed(components: Any, body: Any):
    paths = {"/chat": {"post": {"requestBody": body}}}
    read = read_api({"openapi": "3.0.0", "paths": paths, "components": components})

    assert (read.endpoints[0].body, read.auth) == (None, None)


def test_schemas_that_hold_each_other_are_read_once_for_each_depth():
    names = [f"N{one}" for one in range(15)]
    properties = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
    schemas = {name: {"type": "object", "properties": properties} for name in names}
    seen = endpoint(document({"$ref": "#/components/schemas/N0"}, schemas=schemas)).body

    assert seen is not None
    assert seen.properties["N1"].properties["N2"] is seen.properties["N3"].properties["N2"]


def test_half_a_character_in_a_title_is_shown_as_one_that_is_unknown():
    assert read_api({"openapi": "3.0.0", "info": {"title": "a\ud800"}, "paths": {}}).title == "a\ufffd"


@pytest.mark.parametrize("value", [None, [], {}, {"swagger": "2.0", "paths": {}}, {"openapi": "3.0.0"}])
def test_what_is_no_document_is_refused(value: Any):
    with pytest.raises(UsageError, match="--openapi FILE"):
        read_api(value)


def test_an_empty_document_has_no_endpoints():
    assert read_api({"openapi": "3.0.0", "paths": {}}) == Api("", ())
