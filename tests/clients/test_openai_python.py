"""The `openai` package for Python asks for pictures: what arrives at the mock, and what comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from clients.looking import all_downloaded, all_right, download, unpack
from qwen_image_mock.server import Mock

OpenAIAt = Any
PLACES = [
    pytest.param("/dieyuyun/v1", "qwen-image-2.0-pro", (2688, 1536), id="dieyuyun"),
    pytest.param("/skyengine/v1", "qwen-image-plus", (1472, 1140), id="skyengine"),
    pytest.param(
        "/dashscope-compatible/compatible-mode/v1", "qwen-image-3.0", (1024, 768), id="dashscope-compatible"
    ),
    pytest.param("/compatible-mode/v1", "qwen-image-2.1-pro", (1600, 1600), id="bare-compatible"),
    pytest.param("/v1", "qwen-image", (1104, 1472), id="bare"),
]
PRO = "qwen-image-2.0-pro"
EDIT = {"model": "qwen-image-edit-plus", "prompt": "make it blue", "size": "928x1664", "n": 2}


@pytest.mark.parametrize(("path", "model", "size"), PLACES)
def test_a_picture_of_the_size_asked(
    mock: Mock, openai_at: OpenAIAt, path: str, model: str, size: tuple[int, int]
) -> None:
    asked = f"{size[0]}x{size[1]}"
    answer = openai_at(path).images.generate(model=model, prompt="一只橘猫坐在窗台上", size=asked, n=1)
    assert isinstance(answer.created, int)
    assert [item.b64_json for item in answer.data] == [None]
    all_downloaded([item.url for item in answer.data], size)
    [entry] = mock.requests()
    assert entry["body"] == {"model": model, "prompt": "一只橘猫坐在窗台上", "size": asked, "n": 1}
    assert entry["effective"]["size"] == asked
    assert answer._request_id == entry["id"]


@pytest.mark.parametrize(("path", "model", "size"), PLACES)
def test_the_asynchronous_client(mock: Mock, path: str, model: str, size: tuple[int, int]) -> None:
    async def ask() -> Any:
        async with openai.AsyncOpenAI(base_url=mock.url + path, api_key="sk-aio", max_retries=0) as client:
            asked: Any = f"{size[0]}x{size[1]}"
            return await client.images.generate(model=model, prompt="a fox", size=asked)

    answer = asyncio.run(ask())
    all_downloaded([item.url for item in answer.data], size)
    assert mock.requests()[0]["headers"]["user-agent"].startswith("AsyncOpenAI/Python")


@pytest.mark.parametrize(("path", "model", "size"), PLACES[:2])
def test_base64_holds_the_picture_of_the_address(
    openai_at: OpenAIAt, path: str, model: str, size: tuple[int, int]
) -> None:
    images = openai_at(path).images
    ask = {"model": model, "prompt": "a cat", "size": f"{size[0]}x{size[1]}", "extra_body": {"seed": 7}}
    [inline] = images.generate(response_format="b64_json", **ask).data
    [linked] = images.generate(response_format="url", **ask).data
    assert inline.url is None
    assert linked.b64_json is None
    all_right([unpack(inline.b64_json)], size)
    assert unpack(inline.b64_json).data == download(linked.url).data


@pytest.mark.parametrize("form", ["url", "b64_json"])
@pytest.mark.parametrize("count", [2, 6])
def test_as_many_pictures_as_asked(openai_at: OpenAIAt, form: str, count: int) -> None:
    answer = openai_at("/dieyuyun/v1").images.generate(
        model=PRO, prompt="a cat", n=count, size="2048x2048", response_format=form
    )
    assert len(answer.data) == count
    seen = [unpack(item.b64_json) if form == "b64_json" else download(item.url) for item in answer.data]
    all_right(seen, (2048, 2048))


def test_several_pictures_in_compatible_mode(openai_at: OpenAIAt) -> None:
    answer = openai_at("/dashscope-compatible/compatible-mode/v1").images.generate(
        model="qwen-image-3.0-pro", prompt="a cat", n=3, size="1280x720"
    )
    assert len(answer.data) == 3
    all_downloaded([item.url for item in answer.data], (1280, 720))


def test_further_fields_arrive_as_they_were_given(mock: Mock, openai_at: OpenAIAt) -> None:
    """false, 0 and the empty text are values, not absences."""
    answer = openai_at("/dieyuyun/v1").images.generate(
        model=PRO,
        prompt="a cat",
        extra_body={
            "parameters": {"watermark": False},
            "seed": 0,
            "negative_prompt": "",
            "prompt_extend": False,
        },
    )
    [entry] = mock.requests()
    given = {"watermark": False, "seed": 0, "negative_prompt": "", "prompt_extend": False}
    assert entry["decoded"]["parameters"] == given
    assert {name: entry["effective"][name] for name in given} == given
    assert entry["violations"] == []
    assert answer.data[0].revised_prompt is None


def test_defaults_of_the_gateway_where_nothing_is_given(mock: Mock, openai_at: OpenAIAt) -> None:
    answer = openai_at("/dieyuyun/v1").images.generate(model=PRO, prompt="a cat")
    [entry] = mock.requests()
    assert entry["decoded"]["parameters"] == {}
    assert entry["effective"]["watermark"] is True
    assert entry["effective"]["prompt_extend"] is True
    assert answer.data[0].revised_prompt.startswith("a cat, ")
    all_downloaded([item.url for item in answer.data], (2048, 2048))


@pytest.mark.parametrize("extra", [{"watermark": False}, {"parameters": {"watermark": False}}])
def test_the_watermark_goes_where_it_is_told(openai_at: OpenAIAt, extra: dict[str, Any]) -> None:
    images = openai_at("/dieyuyun/v1").images

    def picture(**fields: Any) -> bytes:
        ask = {"model": PRO, "prompt": "a cat", "size": "2048x2048"}
        return download(images.generate(**ask, extra_body={"seed": 0, **fields}).data[0].url).data

    assert picture() == picture(watermark=True)
    assert picture() != picture(**extra)
    assert picture(watermark=False) == picture(**extra)


def test_seed_zero_repeats_and_is_not_the_seed_seven(openai_at: OpenAIAt) -> None:
    images = openai_at("/v1").images

    def picture(**fields: Any) -> bytes:
        return download(images.generate(model=PRO, prompt="a cat", extra_body=fields).data[0].url).data

    assert picture(seed=0) == picture(seed=0)
    assert picture(seed=0) != picture(seed=7)
    assert picture(seed=0) != picture()


def test_the_nested_options_of_skyengine(mock: Mock, openai_at: OpenAIAt) -> None:
    openai_at("/skyengine/v1").images.generate(
        model="qwen-image-plus",
        prompt="a cat",
        extra_body={
            "optimize_prompt_options": {"enable": False, "negative_prompt": "模糊"},
            "seed": 0,
            "watermark": False,
        },
    )
    [entry] = mock.requests()
    expected = {"prompt_extend": False, "negative_prompt": "模糊", "seed": 0, "watermark": False}
    assert entry["decoded"]["parameters"] == expected
    assert entry["effective"]["prompt_extend"] is False
    assert entry["violations"] == []


def test_usage_of_skyengine(openai_at: OpenAIAt) -> None:
    answer = openai_at("/skyengine/v1").images.generate(model="qwen-image", prompt="a cat")
    used = answer.usage
    assert used.output_tokens == 1
    assert used.total_tokens == used.input_tokens + used.output_tokens
    assert used.input_tokens_details.text_tokens == used.input_tokens


@pytest.mark.parametrize("count", [1, 3])
def test_an_edit_of_skyengine_is_json(mock: Mock, openai_at: OpenAIAt, count: int) -> None:
    """`images.edit` of the package would upload a form, so the call goes over the client's plain `post`."""
    images = [f"https://pictures.invalid/{number}.png" for number in range(count)]
    answer = openai_at("/skyengine/v1").post(
        "/images/edits", body={**EDIT, "image": images}, cast_to=openai.types.ImagesResponse
    )
    assert len(answer.data) == 2
    all_downloaded([item.url for item in answer.data], (928, 1664))
    [entry] = mock.requests()
    assert entry["operation"] == "edit"
    assert entry["decoded"]["images"] == images


def test_an_edit_without_a_picture_is_refused(mock: Mock, openai_at: OpenAIAt) -> None:
    with pytest.raises(openai.BadRequestError):
        openai_at("/skyengine/v1").post("/images/edits", body=EDIT, cast_to=openai.types.ImagesResponse)
    assert [violation["clause"] for violation in mock.requests()[0]["violations"]] == ["images.count"]


def test_an_edit_in_compatible_mode(mock: Mock, openai_at: OpenAIAt) -> None:
    answer = openai_at("/compatible-mode/v1").images.generate(
        model="qwen-image-3.0",
        prompt="make it blue",
        size="1024x1024",
        extra_body={"image": ["https://pictures.invalid/1.png", "https://pictures.invalid/2.png"]},
    )
    all_downloaded([item.url for item in answer.data], (1024, 1024))
    assert mock.requests()[0]["operation"] == "edit"


@pytest.mark.parametrize(
    "path", ["/v1/", "/v1//", "/dieyuyun/v1/", "/dieyuyun//v1", "/dieyuyun", "//dieyuyun/v1/"]
)
def test_slashes_in_the_base_address(mock: Mock, openai_at: OpenAIAt, path: str) -> None:
    answer = openai_at(path, max_retries=0).images.generate(model=PRO, prompt="a cat", size="1536x2688")
    all_downloaded([item.url for item in answer.data], (1536, 2688))
    assert len(mock.requests()) == 1


def test_fields_of_openai_that_the_gateway_does_not_know_do_no_harm(mock: Mock, openai_at: OpenAIAt) -> None:
    answer = openai_at("/dieyuyun/v1").images.generate(
        model=PRO,
        prompt="a cat",
        quality="hd",
        style="vivid",
        user="someone",
        background="opaque",
        extra_body={"extra_body": {"seed": 3}, "negative_prompt": None, "seed": None},
    )
    assert len(answer.data) == 1
    [entry] = mock.requests()
    assert {violation["clause"] for violation in entry["violations"]} == {"request.unknown-field"}
    assert {violation["reaction"] for violation in entry["violations"]} == {"ignore"}
    assert entry["decoded"]["parameters"] == {}
    assert sorted(entry["decoded"]["unknown"]) == [
        "/background",
        "/extra_body",
        "/quality",
        "/style",
        "/user",
    ]


def test_the_raw_answer(mock: Mock, openai_at: OpenAIAt) -> None:
    raw = openai_at("/v1").images.with_raw_response.generate(model=PRO, prompt="a cat")
    assert raw.http_response.history == []
    assert raw.headers["content-type"] == "application/json"
    assert raw.headers["x-request-id"] == mock.requests()[0]["id"]
    assert len(raw.parse().data) == 1
