from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from qwen_image_spec import load
from qwen_image_spec.openapi import document

PROVIDERS = sorted(load().providers)


def generated(name: str) -> dict[str, Any]:
    return document(load().providers[name])


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_document_is_valid_openapi(name: str) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(generated(name)).iter_errors()] == []


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_endpoint_is_there_with_its_path_variables(name: str) -> None:
    provider, made = load().providers[name], generated(name)
    for endpoint in provider.endpoints.values():
        item = made["paths"][endpoint.path]
        assert set(endpoint.operations) <= set(item[endpoint.method.lower()]["x-qwen-image-operations"])
        assert [each["name"] for each in item.get("parameters", ())] == re.findall(r"{(\w+)}", endpoint.path)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_model_stands_in_exactly_one_request_schema_of_each_of_its_endpoints(name: str) -> None:
    provider, made = load().providers[name], generated(name)
    for model in provider.models.values():
        for endpoint in model.endpoints:
            chosen = [
                key
                for key, schema in made["components"]["schemas"].items()
                if key.startswith(f"Request.{endpoint}.")
                and model.id
                in schema["properties"]["model"].get("enum", [schema["properties"]["model"].get("const")])
            ]
            assert len(chosen) == (provider.endpoints[endpoint].envelope != "none"), (model.id, endpoint)


@pytest.mark.parametrize("name", PROVIDERS)
def test_errors_stand_under_every_status_of_the_catalogue(name: str) -> None:
    provider, made = load().providers[name], generated(name)
    statuses = {str(entry.status.value) for entry in provider.errors if entry.status.value >= 400}
    for item in made["paths"].values():
        for operation in (value for key, value in item.items() if key != "parameters"):
            assert statuses - {"413", "415"} <= set(operation["responses"])
            assert "200" in operation["responses"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_submitted_task_links_to_its_query(name: str) -> None:
    provider, made = load().providers[name], generated(name)
    queries = [each.id for each in provider.endpoints.values() if "query" in each.operations]
    for endpoint in provider.endpoints.values():
        if "submit" in endpoint.operations:
            links = made["paths"][endpoint.path]["post"]["responses"]["200"]["links"]
            assert queries
            for query in queries:
                assert links[query]["parameters"] == {"task_id": "$response.body#/output/task_id"}


def test_calls_about_the_same_task_link_to_each_other() -> None:
    paths = generated("dashscope")["paths"]
    about = {"task_id": "$request.path.task_id"}
    query = paths["/api/v1/tasks/{task_id}"]["get"]["responses"]["200"]["links"]
    cancel = paths["/api/v1/tasks/{task_id}/cancel"]["post"]["responses"]["200"]["links"]
    assert {name: link["parameters"] for name, link in query.items()} == {"cancel": about}
    assert {name: link["parameters"] for name, link in cancel.items()} == {"task": about}
    assert (
        "links" not in generated("xiaohongshu")["paths"]["/api/v1/tasks/{task_id}"]["get"]["responses"]["200"]
    )


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_key_goes_as_a_bearer_token_and_every_operation_names_its_source(name: str) -> None:
    made = generated(name)
    assert made["components"]["securitySchemes"]["bearerAuth"]["scheme"] == "bearer"
    assert made["security"] == [{"bearerAuth": []}]
    assert made["servers"][0]["url"] == load().providers[name].base_url.rstrip("/")
    for item in made["paths"].values():
        for operation in (value for key, value in item.items() if key != "parameters"):
            assert operation["x-qwen-image-source"] in load().sources


def test_a_body_is_judged_by_the_schema_of_its_model() -> None:
    made = generated("dieyuyun")
    schema = made["paths"]["/v1/images/generations"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    validator = OAS31Validator({**schema, "components": made["components"]})
    assert validator.is_valid({"model": "qwen-image-2.0", "prompt": "x", "n": 6})
    assert not validator.is_valid({"model": "qwen-image-max", "prompt": "x", "n": 6})
    assert not validator.is_valid({"model": "another", "prompt": "x"})


def test_endpoints_for_tasks_need_the_header_of_the_document() -> None:
    paths = generated("dashscope")["paths"]
    header = paths["/api/v1/services/aigc/text2image/image-synthesis"]["post"]["parameters"][0]
    assert (header["name"], header["required"], header["schema"]) == (
        "X-DashScope-Async",
        True,
        {"const": "enable"},
    )
    assert "parameters" not in paths["/api/v1/services/aigc/multimodal-generation/generation"]["post"]
