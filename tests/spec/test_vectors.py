"""The documents' own examples: each is read by its provider's dialect and judged as documented."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from qwen_image_spec.dialect import dialect
from qwen_image_spec.loader import get_model, get_provider, load
from qwen_image_spec.pointers import MISSING, find, get
from qwen_image_spec.rules import check, refusal
from qwen_image_spec.situation import holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_image_spec.model import Model, Provider, ResponseField
    from qwen_image_spec.request import ImageRequest

Vector = dict[str, Any]
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_KEYS = {"id", "seed", "section", "provider", "operation", "endpoint", "forms", "request", "expect"}
_OPTIONAL = {"response", "contradiction", "composed", "reads", "note"}


def _vectors() -> list[Vector]:
    folder = files("qwen_image_spec") / "data" / "vectors"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".json"))
    return [vector for name in names for vector in json.loads((folder / name).read_text("utf-8"))]


VECTORS = _vectors()
ANSWERED = [vector for vector in VECTORS if "response" in vector]


def _id(vector: Vector) -> str:
    return str(vector["id"])


def _read(vector: Vector) -> tuple[Provider, Model, ImageRequest]:
    provider = get_provider(vector["provider"])
    body = vector["request"]["body"]
    model = get_model(provider, body["model"])
    return provider, model, dialect(model, provider.endpoints[vector["endpoint"]]).decode(body)


def _fields(vector: Vector) -> list[ResponseField]:
    provider, model, request = _read(vector)
    shape = provider.responses[provider.endpoints[vector["endpoint"]].result]
    return [field for field in shape.fields if holds(field.when, request, model)]


def test_every_seed_has_vectors() -> None:
    seeds = {source.seed for source in load().sources.values() if source.seed}
    assert {vector["seed"] for vector in VECTORS} == seeds


def test_ids_are_unique() -> None:
    ids = [vector["id"] for vector in VECTORS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_a_vector_has_the_documented_keys_and_no_key_of_a_user(vector: Vector) -> None:
    assert set(vector) >= _KEYS
    assert set(vector) <= _KEYS | _OPTIONAL
    assert "authorization" not in {name.lower() for name in vector["request"]["headers"]}


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_a_vector_is_sent_to_an_endpoint_of_its_provider(vector: Vector) -> None:
    provider, model, _ = _read(vector)
    endpoint = provider.endpoints[vector["endpoint"]]
    assert (vector["request"]["method"], vector["request"]["path"]) == (endpoint.method, endpoint.path)
    assert vector["endpoint"] in model.endpoints
    assert vector["operation"] in set(endpoint.operations) & set(model.operations)


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_a_request_is_judged_as_documented(vector: Vector) -> None:
    _, model, request = _read(vector)
    first = refusal(check(request, model))
    outcome = "accepted" if first is None else {"refused": first.clause}
    assert outcome == vector["expect"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if "fragment" not in v["forms"]], ids=_id)
def test_a_request_survives_decode_and_encode(vector: Vector) -> None:
    provider, model, request = _read(vector)
    spelling = dialect(model, provider.endpoints[vector["endpoint"]])
    again = spelling.decode(spelling.encode(request))
    assert (again.prompt, again.images) == (request.prompt, request.images)
    assert again.parameters == request.parameters


@pytest.mark.parametrize("vector", ANSWERED, ids=_id)
def test_an_answer_has_the_required_fields(vector: Vector) -> None:
    body = vector["response"]["body"]
    required = [field.at for field in _fields(vector) if field.required]
    missing = [place for at in required for place, value in find(body, at) if value is MISSING]
    assert missing == []


@pytest.mark.parametrize("vector", ANSWERED, ids=_id)
def test_the_fields_of_an_answer_have_their_types(vector: Vector) -> None:
    body = vector["response"]["body"]
    wrong = [
        (place, value, field.type)
        for field in _fields(vector)
        for place, value in find(body, field.at)
        if value is not MISSING and not any(_is(value, name) for name in field.type)
    ]
    assert wrong == []


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _usage_is_not_the_size(vector: Vector) -> bool:
    usage = get(vector.get("response", {}), "/body/usage")
    size = _read(vector)[2].get("size")
    if not isinstance(usage, dict) or "width" not in usage or size is None:
        return False
    return re.split(r"[x*]", size) != [str(usage["width"]), str(usage["height"])]


def _counter_in_the_singular(vector: Vector) -> bool:
    return get(vector.get("response", {}), "/body/output/task_metric") is not MISSING


def _revised_at_once(vector: Vector) -> bool:
    found = find(vector.get("response", {}), "/body/data/*/revised_prompt")
    return any(value is not MISSING for _, value in found)


def _code_reads_another_answer(vector: Vector) -> bool:
    known = {field.at for field in _fields(vector)}
    return bool(set(vector.get("reads", ())) - known)


def _lives_longer_than_a_day(vector: Vector) -> bool:
    created = get(vector.get("response", {}), "/body/created")
    expires = re.search(r"Expires=(\d+)", str(get(vector.get("response", {}), "/body/data/0/url")))
    return expires is not None and int(expires[1]) - created > 86400


def _answer_of_the_sdk(vector: Vector) -> bool:
    return get(vector.get("response", {}), "/body/status_code") is not MISSING


_CONTRADICTIONS: dict[int, Callable[[Vector], bool]] = {
    10: _usage_is_not_the_size,
    16: _counter_in_the_singular,
    18: _revised_at_once,
    19: _code_reads_another_answer,
    20: _lives_longer_than_a_day,
    25: _answer_of_the_sdk,
}


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_a_contradiction_is_named_where_it_shows(vector: Vector) -> None:
    shown = [row for row, shows in _CONTRADICTIONS.items() if shows(vector)]
    assert shown == [row for row in [vector.get("contradiction")] if row is not None]


@pytest.mark.parametrize("row", _CONTRADICTIONS)
def test_a_contradiction_is_a_row_of_the_disputes(row: int) -> None:
    assert row in {dispute.row for dispute in load().disputes.values()}
