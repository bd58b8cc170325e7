"""Every example of the five documents, replayed on a real socket by plain HTTP and by real clients.

The JavaScript form of the first document is tried in test_openai_node.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dashscope
import pytest
from dashscope.aigc.image_synthesis import ImageSynthesis
from jsonschema import Draft202012Validator

from clients.examples import Example, examples, places
from clients.looking import all_downloaded, pictures_in
from clients.replaying import Answer, by_dashscope, by_openai, by_plain_http, by_requests
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings
from qwen_image_spec.jsonschema import error_schema, response_schema
from qwen_image_spec.pointers import MISSING, find

Json = Any
Way = Callable[[str, Example], Answer]
EXAMPLES = list(examples())
WAYS: dict[str, tuple[Way, ...]] = {
    "dieyuyun": (by_plain_http, by_openai),
    "dashscope": (by_plain_http, by_dashscope),
    "xiaohongshu": (by_plain_http, by_dashscope),
    "skyengine": (by_plain_http, by_requests, by_openai),
}
BARE = ("dieyuyun", "dashscope")
"""Providers that the mock also serves without their name in the path."""
SHOWN_OTHERWISE = {
    "guide-python-sdk": "prints the SDK's object, not the HTTP body: compared with the SDK's object below",
    "skyengine-quick-start": "its usage breaks strict readers: the mock has it when asked to, see below",
    "xiaohongshu-prompt": "task_metric is optional there; the mock counts when a task is queried, see below",
    "xiaohongshu-content-object": "shows another spelling that the page allows; the mock has one spelling",
}


def replays() -> list[Any]:
    """Every example by every way that its document's readers have."""
    return [
        pytest.param(example, way, id=f"{example.id}-{way.__name__}")
        for example in EXAMPLES
        for way in WAYS[example.provider.id]
    ]


@pytest.fixture
def place(mock: Mock, native_at: Callable[[str], None]) -> Callable[[Example], str]:
    """Where an example goes: below its provider's name. The `dashscope` package is led there too."""

    def lead(example: Example) -> str:
        native_at(f"/{example.provider.id}/api/v1")
        return f"{mock.url}/{example.provider.id}"

    return lead


def sound(schema: Json, document: Json) -> None:
    """Fails with every error when a document does not fit its schema."""
    errors = [error.message for error in Draft202012Validator(schema).iter_errors(document)]
    assert errors == []


def urls_of(document: Json) -> list[str]:
    """Every picture's address in an answer of either style."""
    return (
        [item["url"] for item in document["data"]] if "data" in document else pictures_in(document["output"])
    )


@pytest.mark.parametrize(("example", "way"), replays())
def test_an_example_comes_out_as_its_document_says(
    mock: Mock, place: Callable[[Example], str], example: Example, way: Way
) -> None:
    answer = way(place(example), example)
    [entry] = mock.requests()
    assert entry["body"] == example.body
    assert entry["path"] == f"/{example.provider.id}{example.endpoint.path}"
    assert answer.status == entry["status"]
    if example.refused:
        assert 400 <= answer.status < 500
        assert [violation["clause"] for violation in entry["violations"]] == [example.refused]
        sound(error_schema(example.provider), answer.document)
        return
    assert answer.status == 200
    assert entry["violations"] == []
    sound(response_schema(example.provider, example.model, example.endpoint), entry["response"])
    if "task_id" in answer.document.get("output", {}):
        assert answer.document["output"]["task_status"] == "PENDING"
        return
    urls = urls_of(answer.document)
    assert len(urls) == example.count
    all_downloaded(urls, example.size)


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.provider.id in BARE], ids=str)
def test_an_example_at_the_bare_path(mock: Mock, example: Example) -> None:
    answer = by_plain_http(mock.url, example)
    assert answer.status == 200
    assert len(urls_of(answer.document)) == example.count
    assert mock.requests()[0]["provider"] == example.provider.id


@pytest.mark.parametrize(
    "example",
    [each for each in EXAMPLES if each.shown is not None and each.id not in SHOWN_OTHERWISE],
    ids=str,
)
def test_an_answer_has_every_field_that_the_document_shows(
    place: Callable[[Example], str], example: Example
) -> None:
    answer = by_plain_http(place(example), example)
    assert places(example.shown) - places(answer.document) == set()


def test_an_answer_has_the_usage_that_the_document_shows_when_asked_to() -> None:
    [example] = [each for each in EXAMPLES if each.id == "skyengine-quick-start"]
    with serve(Settings(usage="seed-004")) as mock:
        answer = by_plain_http(f"{mock.url}/skyengine", example)
    assert places(example.shown) - places(answer.document) == set()
    assert answer.document["usage"] == example.shown["usage"]


def test_the_object_of_the_sdk_is_the_one_the_guide_prints(place: Callable[[Example], str]) -> None:
    [example] = [each for each in EXAMPLES if each.id == "guide-python-sdk"]
    answer = by_dashscope(place(example), example)
    shown, got = example.shown, answer.document
    assert places(shown) - places(got) == set()
    assert {name: got[name] for name in ("status_code", "code", "message")} == {
        name: shown[name] for name in ("status_code", "code", "message")
    }
    assert got["usage"]["input_tokens"] == shown["usage"]["input_tokens"] == 0
    assert [got["usage"][name] for name in ("width", "height", "image_count")] == [2048, 2048, 1]


def test_the_first_line_of_the_first_document(mock: Mock, openai_at: Callable[..., Any]) -> None:
    """`print(response.data[0].url)`, and what its sample answer has besides."""
    response = openai_at("/v1").images.generate(
        model="qwen-image-2.0-pro", prompt="一幅中国山水画,烟雨朦胧,远山如黛", size="2048x2048", n=1
    )
    all_downloaded([response.data[0].url], (2048, 2048))
    assert response.data[0].revised_prompt.startswith("一幅中国山水画,烟雨朦胧,远山如黛")
    assert mock.requests()[0]["provider"] == "dieyuyun"


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.reads], ids=str)
def test_the_sample_code_of_skyengine_reads_another_answer(
    place: Callable[[Example], str], example: Example
) -> None:
    """The page's code looks for fields that the answer it prints lacks; the mock answers as printed."""
    document = by_requests(place(example), example).document
    assert {value for pointer in example.reads for _, value in find(document, pointer)} == {MISSING}


@pytest.mark.parametrize("way", [by_plain_http, by_dashscope])
def test_the_task_of_the_mini_program_platform(mock: Mock, place: Callable[[Example], str], way: Way) -> None:
    [example] = [each for each in EXAMPLES if each.endpoint.asynchronous == "required"]
    mock.clock.freeze(1_800_000_000)
    url = place(example)
    task = way(url, example).document["output"]["task_id"]
    mock.clock.step(1)
    done: Any = ImageSynthesis.fetch(task, api_key=dashscope.api_key)
    assert done.output.task_status == "SUCCEEDED"
    all_downloaded(pictures_in(done.output), example.size)
    assert dict(done.output)["task_metric"] == {"TOTAL": 1, "SUCCEEDED": 1, "FAILED": 0}
    entry = mock.requests()[-1]
    assert entry["operation"] == "query"
    query = example.provider.endpoints["task"]
    sound(response_schema(example.provider, example.model, query), entry["response"])
