from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from qwen_image_spec import jsonschema as schemas
from qwen_image_spec import load
from qwen_image_spec.pointers import put

if TYPE_CHECKING:
    from qwen_image_spec.model import Endpoint, Model, Provider

MESSAGE = {"role": "user", "content": [{"text": "一只可爱的小猫"}]}
# Requests as the seed documents show them, and changes that the same documents rule out: (pointer, value).
GOLDEN: tuple[tuple[str, str, str, dict[str, Any], tuple[tuple[str, Any], ...]], ...] = (
    (
        "dieyuyun",
        "qwen-image-2.0-pro",
        "generate",
        {"prompt": "一幅中国山水画", "size": "2048x2048", "n": 4, "parameters": {"watermark": False}},
        (
            ("/n", 7),
            ("/n", 0),
            ("/n", "4"),
            ("/n", True),
            ("/size", "1024x1024"),
            ("/size", "2048*2048"),
            ("/prompt", None),
            ("/prompt", 5),
            ("/response_format", "base64"),
            ("/seed", -1),
            ("/seed", 2147483648),
            ("/watermark", "false"),
            ("/parameters/watermark", 0),
            ("/parameters", []),
        ),
    ),
    (
        "dieyuyun",
        "qwen-image-max",
        "generate",
        {"prompt": "x", "size": "1664x928", "n": 1, "prompt_extend": False, "seed": 0},
        (("/n", 2), ("/size", "2048x2048"), ("/size", "1664*928"), ("/prompt_extend", "no")),
    ),
    (
        "skyengine",
        "qwen-image-plus",
        "generate",
        {
            "prompt": "一只可爱的小猫",
            "size": "1328x1328",
            "n": 1,
            "response_format": "url",
            "optimize_prompt_options": {"enable": True, "negative_prompt": "低分辨率"},
        },
        (
            ("/n", 2),
            ("/size", "1472x1104"),
            ("/optimize_prompt_options/enable", "yes"),
            ("/optimize_prompt_options", "on"),
        ),
    ),
    (
        "skyengine",
        "qwen-image-edit-plus",
        "edit",
        {
            "prompt": "图1中的女生",
            "image": ["https://a/1.png", "https://a/2.png", "https://a/3.png"],
            "size": "1328x1328",
            "n": 6,
        },
        (
            ("/n", 7),
            ("/image", ["a", "b", "c", "d"]),
            ("/image", []),
            ("/image", {"url": "x"}),
            ("/size", "100x100"),
        ),
    ),
    (
        "xiaohongshu",
        "qwen-image",
        "generate",
        {
            "input": {"messages": [MESSAGE]},
            "parameters": {"size": "1664*928", "n": 1, "prompt_extend": True, "watermark": False},
        },
        (
            ("/parameters/n", 2),
            ("/parameters/size", "1664x928"),
            ("/input", None),
            ("/input/messages", []),
            ("/input/messages", [{**MESSAGE, "role": "system"}]),
            ("/input/messages", [{"role": "user", "content": [{"image": "x"}]}]),
            ("/parameters/watermark", 1),
        ),
    ),
    (
        "xiaohongshu",
        "qwen-image",
        "submit",
        {"input": {"prompt": "x"}, "parameters": {"n": 1}},
        (("/input/prompt", None), ("/input/prompt", ["x"]), ("/parameters/n", 4)),
    ),
    (
        "dashscope",
        "qwen-image-2.0-pro",
        "generate",
        {
            "input": {"messages": [MESSAGE]},
            "parameters": {
                "negative_prompt": "",
                "prompt_extend": True,
                "watermark": False,
                "size": "2048*2048",
            },
        },
        (
            ("/parameters/n", 7),
            ("/parameters/size", "2048x2048"),
            ("/input/messages", [MESSAGE, MESSAGE]),
            ("/parameters/seed", -1),
        ),
    ),
    (
        "dashscope",
        "qwen-image-plus",
        "submit",
        {"input": {"prompt": "x"}, "parameters": {"size": "1664*928", "n": 1}},
        (("/parameters/n", 2), ("/parameters/size", "2048*2048"), ("/input", "x")),
    ),
)
SHIPPED = [row for row in GOLDEN if row[0] in load().providers]
MUTATIONS = [
    ((provider, model, operation), body, pointer, value)
    for provider, model, operation, body, changes in SHIPPED
    for pointer, value in changes
]
EVERYWHERE = [
    (provider, model, provider.endpoints[endpoint])
    for provider in load().providers.values()
    for model in provider.models.values()
    for endpoint in model.endpoints
]


def known(provider: str, model: str, operation: str) -> tuple[Provider, Model, Endpoint]:
    one = load().providers[provider]
    found = one.models[model]
    endpoint = next(
        one.endpoints[name] for name in found.endpoints if operation in one.endpoints[name].operations
    )
    return one, found, endpoint


def accepts(schema: dict[str, Any], body: Any) -> bool:
    return Draft202012Validator(schema).is_valid(body)


def test_the_documents_with_samples_are_shipped() -> None:
    assert {row[0] for row in SHIPPED} == {"dashscope", "dieyuyun", "skyengine", "xiaohongshu"}


@pytest.mark.parametrize(("provider", "model", "operation", "body", "changes"), SHIPPED)
def test_requests_of_the_documents_are_accepted(
    provider: str, model: str, operation: str, body: dict[str, Any], changes: Any
) -> None:
    assert changes
    one, found, endpoint = known(provider, model, operation)
    whole = {"model": model, **body}
    assert accepts(schemas.request_schema(one, found, endpoint), whole)
    assert accepts(schemas.request_schema(one, None, endpoint), whole)
    assert not accepts(schemas.request_schema(one, found, endpoint), body)
    assert not accepts(schemas.request_schema(one, None, endpoint), {**whole, "model": "no-such-model"})


@pytest.mark.parametrize(("where", "body", "pointer", "value"), MUTATIONS)
def test_what_the_documents_rule_out_is_refused(
    where: tuple[str, str, str], body: dict[str, Any], pointer: str, value: Any
) -> None:
    one, found, endpoint = known(*where)
    changed = {"model": found.id, **copy.deepcopy(body)}
    put(changed, pointer, value)
    assert not accepts(schemas.request_schema(one, found, endpoint), changed)
    assert not accepts(schemas.request_schema(one, None, endpoint), changed)


@pytest.mark.parametrize(("provider", "model", "endpoint"), EVERYWHERE, ids=lambda part: part.id)
def test_every_schema_is_a_valid_schema(provider: Provider, model: Model, endpoint: Endpoint) -> None:
    generated = [schemas.response_schema(provider, model, endpoint), schemas.error_schema(provider)]
    if schemas.has_body(endpoint):
        generated += [schemas.request_schema(provider, one, endpoint) for one in (model, None)]
    for schema in generated:
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == schemas.DIALECT


@pytest.mark.parametrize(("provider", "model", "endpoint"), EVERYWHERE, ids=lambda part: part.id)
def test_disputed_and_unknown_limits_constrain_nothing(
    provider: Provider, model: Model, endpoint: Endpoint
) -> None:
    if not schemas.has_body(endpoint):
        return
    schema = schemas.request_schema(provider, model, endpoint)
    for name, param in model.params.items():
        beyond = param.base.beyond
        if name == "model" or (beyond is not None and not beyond.open):
            continue
        for pointer in param.places.get(endpoint.envelope, param.places.get("*", ())):
            here = schema
            for key in pointer.strip("/").split("/"):
                here = here["properties"][key]
            assert not {"minimum", "maximum", "const", "enum", "pattern", "maxLength"} & set(here), name


def test_fields_nobody_knows_are_let_through() -> None:
    one, found, endpoint = known("dieyuyun", "qwen-image-2.0-pro", "generate")
    assert accepts(
        schemas.request_schema(one, found, endpoint),
        {"model": found.id, "prompt": "x", "user": "u", "style": "vivid"},
    )


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ({"created": 1717000000, "data": [{"url": "https://a/b.png", "revised_prompt": "x"}]}, True),
        ({"created": 1717000000, "data": [{"b64_json": "iVBOR"}], "extra": 1}, True),
        ({"data": [{"url": "x"}]}, False),
        ({"created": "now", "data": []}, False),
        ({"created": 1, "data": {"url": "x"}}, False),
        ({"created": 1, "data": [{"url": 5}]}, False),
    ],
)
def test_the_sample_answer_is_accepted_and_broken_ones_are_not(answer: Any, *, good: bool) -> None:
    one, found, endpoint = known("dieyuyun", "qwen-image-2.0-pro", "generate")
    assert accepts(schemas.response_schema(one, found, endpoint), answer) is good


def test_errors_have_the_provider_s_shape() -> None:
    schema = schemas.error_schema(load().providers["dieyuyun"])
    assert accepts(
        schema, {"error": {"message": "no", "type": "invalid_request_error", "code": None, "param": None}}
    )
    assert not accepts(schema, {"error": "no"})
    assert not accepts(schema, {"message": "no"})
