"""Every model of every provider answers a minimal request as documented, with pictures one can fetch."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from qwen_image_spec import ImageRequest, load
from qwen_image_spec.dialect import dialect
from qwen_image_spec.pointers import MISSING, find
from qwen_image_spec.situation import holds, image_rule_of

if TYPE_CHECKING:
    from qwen_image_spec.model import Endpoint, Model, Provider, ResponseShape

IMAGE_OPERATIONS = {"generate", "edit", "submit"}
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
CASES = [
    (provider, model, provider.endpoints[key])
    for provider in load().providers.values()
    for model in provider.models.values()
    for key in model.endpoints
    if IMAGE_OPERATIONS & set(provider.endpoints[key].operations)
]


def data_uri() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def minimal(model: Model, endpoint: Endpoint) -> ImageRequest:
    request = ImageRequest(model.id, "一只在雪地里的猫，水彩")
    rule = image_rule_of(request, model)
    needed = max(rule.count.value[0] if rule is not None else 0, 1 if endpoint.operations == ("edit",) else 0)
    return ImageRequest(model.id, request.prompt, tuple([data_uri()] * needed), {})


def assert_fits(body: Any, shape: ResponseShape, request: ImageRequest, model: Model) -> None:
    for field in shape.fields:
        if not holds(field.when, request, model):
            continue
        for place, value in find(body, field.at):
            if value is MISSING:
                assert not field.required, f"{place} is missing"
            else:
                assert isinstance(value, tuple(TYPES[name] for name in field.type)), (place, value)


def addresses(body: Any) -> list[str]:
    """Every address of a picture in an answer, wherever it stands."""
    if isinstance(body, dict):
        return [
            address
            for key, value in body.items()
            for address in (
                [value] if key in ("url", "image") and isinstance(value, str) else addresses(value)
            )
        ]
    return [address for item in body for address in addresses(item)] if isinstance(body, list) else []


@pytest.mark.parametrize(
    ("provider", "model", "endpoint"), CASES, ids=[f"{p.id}-{m.id}-{e.id}" for p, m, e in CASES]
)
def test_minimal_request_is_answered_as_documented(
    mock: Any, client: Any, provider: Provider, model: Model, endpoint: Endpoint
) -> None:
    request = minimal(model, endpoint)
    body = dialect(model, endpoint).encode(request)
    if endpoint.envelope != "flat":
        body.setdefault("parameters", {})
    task = endpoint.asynchronous == "required"
    headers = {"X-DashScope-Async": "enable"} if task else {}
    answer = client.post(f"/{provider.id}{endpoint.path}", body, headers)
    assert answer.status == 200, answer.body
    if task:
        assert_fits(answer.json, provider.responses[endpoint.result], request, model)
        query = next(found for found in provider.endpoints.values() if "query" in found.operations)
        path = f"/{provider.id}{query.path}".replace("{task_id}", answer.json["output"]["task_id"])
        assert client.get(path).json["output"]["task_status"] == "PENDING"
        mock.clock.step(5)
        answer = client.get(path)
        assert answer.json["output"]["task_status"] == "SUCCEEDED"
        name = model.facts["task.response"].value if "task.response" in model.facts else query.result
    else:
        name = model.facts["sync.response"].value if "sync.response" in model.facts else endpoint.result
    assert_fits(answer.json, provider.responses[name], request, model)
    effective = next(entry for entry in mock.requests() if entry["effective"])["effective"]
    found = addresses(answer.json)
    assert len(found) == effective["n"]
    assert found[0].startswith(mock.url)
    picture = client.get(found[0], Authorization=None)
    assert picture.status == 200
    assert picture.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(picture.body)) as image:
        image.load()
        assert image.size == tuple(int(side) for side in effective["size"].replace("*", "x").split("x"))
