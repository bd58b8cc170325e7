"""The `dashscope` package's 1.x calls that answer at once: `MultiModalConversation` and `ImageGeneration`."""

from __future__ import annotations

import base64
import io
from typing import Any

import dashscope
import pytest
from dashscope.aigc.image_generation import ImageGeneration
from PIL import Image

from clients.looking import all_downloaded, download, pictures_in
from qwen_image_mock.server import Mock

PRO = "qwen-image-2.0-pro"
T2I = "wan2.6-t2i"
SYNC = "/services/aigc/multimodal-generation/generation"


def asking(*content: dict[str, str]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}]


def conversation(**options: Any) -> Any:
    ask: dict[str, Any] = {"model": PRO, "messages": asking({"text": "一幅水墨画"}), **options}
    return dashscope.MultiModalConversation.call(**ask)


def generation(**options: Any) -> Any:
    return ImageGeneration.call(**options)


def test_pictures_of_the_size_asked(mock: Mock, native: str) -> None:
    answer = conversation(
        n=2, size="2688*1536", seed=0, watermark=False, negative_prompt="", prompt_extend=False
    )
    assert answer.status_code == 200
    assert (answer.code, answer.message) == ("", "")
    assert len(answer.output.choices) == 1
    assert answer.output.choices[0].message.role == "assistant"
    assert answer.output.choices[0].finish_reason == "stop"
    urls = pictures_in(answer.output)
    assert len(urls) == 2
    all_downloaded(urls, (2688, 1536))
    usage = dict(answer.usage)
    assert (usage["width"], usage["height"], usage["image_count"]) == (2688, 1536, 2)
    [entry] = mock.requests()
    assert answer.request_id == entry["id"]
    assert entry["path"].replace("//", "/") == native.rstrip("/") + SYNC
    assert entry["decoded"]["parameters"] == {
        "n": 2,
        "size": "2688*1536",
        "seed": 0,
        "watermark": False,
        "negative_prompt": "",
        "prompt_extend": False,
    }
    assert entry["violations"] == []


@pytest.mark.usefixtures("native")
def test_defaults_where_nothing_is_given(mock: Mock) -> None:
    answer = conversation()
    all_downloaded(pictures_in(answer.output), (2048, 2048))
    effective = mock.requests()[0]["effective"]
    assert (effective["n"], effective["watermark"], effective["prompt_extend"]) == (1, False, True)


@pytest.mark.usefixtures("native_once")
def test_the_same_seed_repeats() -> None:
    def picture(seed: int) -> bytes:
        return download(pictures_in(conversation(seed=seed, size="512*512").output)[0]).data

    assert picture(0) == picture(0)
    assert picture(0) != picture(7)


@pytest.mark.usefixtures("native_once")
@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("qwen-image-max", (1664, 928)),
        ("qwen-image-plus", (1104, 1472)),
        ("qwen-image-3.0-pro", (2560, 2560)),
    ],
)
def test_other_models(model: str, size: tuple[int, int]) -> None:
    answer = conversation(model=model, size=f"{size[0]}*{size[1]}")
    assert answer.status_code == 200
    all_downloaded(pictures_in(answer.output), size)


@pytest.mark.usefixtures("native")
def test_wan_gives_a_choice_for_each_picture(mock: Mock) -> None:
    answer = generation(model=T2I, messages=asking({"text": "a fox"}), n=3, size="1440*1280")
    assert answer.status_code == 200
    assert [len(choice.message.content) for choice in answer.output.choices] == [1, 1, 1]
    all_downloaded(pictures_in(answer.output), (1440, 1280))
    assert dict(answer.usage)["size"] == "1440*1280"
    assert dict(answer.usage)["image_count"] == 3
    assert mock.requests()[0]["operation"] == "generate"


@pytest.mark.usefixtures("native_once")
def test_a_token_for_a_size() -> None:
    messages = asking({"text": "a fox"})
    answer = generation(model="wan2.7-image-pro", messages=messages, n=1, size="4K")
    all_downloaded(pictures_in(answer.output), (4096, 4096))


@pytest.mark.usefixtures("native_once")
def test_a_sequence_in_one_choice() -> None:
    answer = generation(
        model="wan2.7-image", messages=asking({"text": "seasons"}), n=4, size="1K", enable_sequential=True
    )
    assert [len(choice.message.content) for choice in answer.output.choices] == [4]
    all_downloaded(pictures_in(answer.output), (1024, 1024))


@pytest.mark.usefixtures("native_once")
def test_an_edit_of_a_picture_of_ours(mock: Mock) -> None:
    [url] = pictures_in(conversation(size="1536*512").output)
    answer = conversation(
        model="qwen-image-edit-plus", messages=asking({"image": url}, {"text": "make it blue"}), n=2
    )
    pictures = [download(each) for each in pictures_in(answer.output)]
    assert [picture.width / picture.height for picture in pictures] == [pytest.approx(3, rel=0.03)] * 2
    assert len({picture.data for picture in pictures}) == 2
    entry = mock.requests()[-1]
    assert entry["operation"] == "edit"
    assert entry["decoded"]["images"] == [url]


@pytest.mark.usefixtures("native_once")
def test_an_edit_of_a_picture_that_comes_in_the_body(mock: Mock) -> None:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(file, "PNG")
    image = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    messages = asking({"text": "make it blue"}, {"image": image})
    answer = generation(model="wan2.6-image", messages=messages, n=1, size="1024*1536")
    assert answer.status_code == 200, answer
    all_downloaded(pictures_in(answer.output), (1024, 1536))
    entry = mock.requests()[0]
    assert entry["operation"] == "edit"
    assert (entry["inputs"][0]["mime"], entry["inputs"][0]["size"]) == ("image/png", "640x480")


@pytest.mark.usefixtures("native_once")
def test_a_stream_is_answered_with_one_whole_answer(mock: Mock) -> None:
    """`stream=True` sends the headers of server-sent events; with nothing to stream, that is no error."""
    [answer] = list(conversation(stream=True, size="512*512"))
    assert answer.status_code == 200
    all_downloaded(pictures_in(answer.output), (512, 512))
    headers = mock.requests()[0]["headers"]
    assert headers["accept"] == "text/event-stream"
    assert headers["x-dashscope-sse"] == "enable"


@pytest.mark.usefixtures("native_once")
def test_what_other_releases_and_tools_add_does_no_harm(mock: Mock) -> None:
    answer = conversation(
        result_format="message",
        incremental_output=True,
        max_images=None,
        size=None,
        seed=None,
        workspace="ws-1",
        headers={"X-Trace": "1"},
        extra_body={"watermark": True},
    )
    assert answer.status_code == 200
    all_downloaded(pictures_in(answer.output), (2048, 2048))
    [entry] = mock.requests()
    assert entry["headers"]["x-dashscope-workspace"] == "ws-1"
    assert entry["headers"]["x-trace"] == "1"
    assert {violation["reaction"] for violation in entry["violations"]} <= {"ignore"}
    assert entry["effective"]["watermark"] is False
