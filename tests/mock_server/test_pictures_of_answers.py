"""What the pictures show, and what makes two of them alike or different."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image, ImageChops

from qwen_image_spec import get_model, get_provider

PATH = "/v1/images/generations"
SIZES = sorted(
    {
        str(size)
        for name in ("qwen-image-2.0-pro", "qwen-image")
        for grant in get_model(get_provider("dieyuyun"), name).params["size"].base.grants
        for size in grant.presets
    }
)


@pytest.fixture
def pictures(client: Any) -> Any:
    def ask(**fields: Any) -> list[bytes]:
        answer = client.post(PATH, {"model": "qwen-image-2.0-pro", "prompt": "一只猫", "seed": 7, **fields})
        assert answer.status == 200, answer.body
        return [
            base64.b64decode(item["b64_json"])
            if "b64_json" in item
            else client.get(item["url"], Authorization=None).body
            for item in answer.json["data"]
        ]

    return ask


def opened(picture: bytes) -> Image.Image:
    with Image.open(io.BytesIO(picture)) as image:
        return image.convert("RGB")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_pictures_have_exactly_the_size_asked(client: Any, size: str, form: str) -> None:
    for model in ("qwen-image-2.0-pro", "qwen-image"):
        answer = client.post(PATH, {"model": model, "prompt": "a cat", "size": size, "response_format": form})
        if answer.status == 200:
            item = answer.json["data"][0]
            data = base64.b64decode(item["b64_json"]) if form == "b64_json" else client.get(item["url"]).body
            assert data.startswith(b"\x89PNG")
            assert "{}x{}".format(*opened(data).size) == size
            return
    pytest.fail(f"no model takes {size}")


def test_the_same_seed_gives_the_same_picture(pictures: Any) -> None:
    assert pictures() == pictures()


def test_address_and_base64_hold_the_same_picture(pictures: Any) -> None:
    assert pictures(response_format="b64_json") == pictures(response_format="url")


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 8},
        {"prompt": "一只狗"},
        {"size": "2688x1536"},
        {"negative_prompt": "blurry"},
        {"model": "qwen-image-2.0"},
        {"prompt_extend": False},
        {"seed": 0},
    ],
)
def test_other_requests_give_other_pictures(pictures: Any, other: dict[str, Any]) -> None:
    assert pictures() != pictures(**other)


@pytest.mark.parametrize(
    "default",
    [
        {"n": 1},
        {"size": "2048x2048"},
        {"watermark": True},
        {"prompt_extend": True},
        {"response_format": "url"},
        {"parameters": {"watermark": True}},
        {"negative_prompt": ""},
    ],
)
def test_a_default_sent_is_the_same_as_left_out(pictures: Any, default: dict[str, Any]) -> None:
    assert pictures() == pictures(**default)


def test_pictures_of_one_request_differ(pictures: Any) -> None:
    found = pictures(n=6)
    assert len(set(found)) == 6
    assert found[0] == pictures(n=1)[0]


def test_without_a_seed_pictures_differ(client: Any) -> None:
    both = [
        client.post(
            PATH, {"model": "qwen-image-2.0-pro", "prompt": "a cat", "response_format": "b64_json"}
        ).body
        for _ in range(2)
    ]
    assert both[0] != both[1]


def test_the_watermark_adds_its_mark_in_the_lower_right_and_nothing_else(pictures: Any) -> None:
    marked, plain = (opened(pictures(watermark=value)[0]) for value in (True, False))
    box = ImageChops.difference(marked, plain).getbbox()
    assert box is not None
    assert box[0] > marked.width / 2
    assert box[1] > marked.height * 3 / 4


def test_the_watermark_is_taken_in_both_places(pictures: Any) -> None:
    assert pictures(watermark=False) == pictures(parameters={"watermark": False})


def test_the_revised_prompt_comes_with_prompt_extend_only(client: Any) -> None:
    ask = {"model": "qwen-image-2.0-pro", "prompt": "一只猫"}
    assert client.post(PATH, ask).json["data"][0]["revised_prompt"].startswith("一只猫，")
    assert "revised_prompt" not in client.post(PATH, {**ask, "prompt_extend": False}).json["data"][0]


def test_an_edit_takes_the_ratio_of_the_last_image(client: Any) -> None:
    url = client.post(PATH, {"model": "qwen-image-2.0-pro", "prompt": "a", "size": "2688x1536"}).json["data"][
        0
    ]["url"]
    answer = client.post(
        "/api/v1/services/aigc/multimodal-generation/generation",
        {
            "model": "qwen-image-2.0-pro",
            "input": {"messages": [{"role": "user", "content": [{"image": url}, {"text": "make it blue"}]}]},
        },
    )
    assert answer.status == 200
    usage = answer.json["usage"]
    assert usage["width"] / usage["height"] == pytest.approx(2688 / 1536, rel=0.01)
    assert usage["width"] * usage["height"] == pytest.approx(1024 * 1024, rel=0.01)
