"""Edits show what they were made from, with real clients: `images.edit` of the openai package."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
from PIL import Image

from mock_server.sending import GATEWAY, NATIVE, file, gateway, native, uri
from qwen_image_mock.server import Mock
from qwen_image_mock.thumbnails import Thumbnails, key_of
from qwen_image_spec.input_images import look

SETTINGS: dict[str, Any] = {"model": "qwen-image-edit-plus", "prompt": "make it blue", "size": "1328x1328"}


@pytest.fixture
def openai_client(mock: Mock) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{mock.url}/skyengine/v1",
        api_key="sk-a-key",
        max_retries=0,
        http_client=httpx.Client(trust_env=False),
    ) as made:
        yield made


def shown(client: Any, answer: Any) -> Image.Image:
    item = answer.json
    url = (
        item["data"][0]["url"]
        if "data" in item
        else item["output"]["choices"][0]["message"]["content"][0]["image"]
    )
    return Image.open(io.BytesIO(client.get(url).body)).convert("RGB")


def halves(left: str, right: str, form: str = "PNG") -> bytes:
    image = Image.new("RGB", (600, 400), left)
    image.paste(right, (300, 0, 600, 400))
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(("path", "asking"), [(NATIVE, native), (GATEWAY, gateway)])
def test_the_picture_shows_the_input(client: Any, path: str, asking: Callable[..., Any]) -> None:
    picture = shown(client, client.post(path, asking(uri(halves("red", "blue")))))
    width, height = picture.size
    assert near(picture.getpixel((width * 2 // 5, height // 2)), (255, 0, 0))
    assert near(picture.getpixel((width * 3 // 5, height // 2)), (0, 0, 255))


def test_several_inputs_stand_side_by_side(client: Any) -> None:
    images = [uri(file(colour=colour)) for colour in ("red", "lime", "blue")]
    picture = shown(client, client.post(NATIVE, native(images, size="1024*1024")))
    colours = [picture.getpixel((x, y)) for x, y in ((400, 400), (624, 400), (400, 624))]
    for colour, wanted in zip(colours, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        assert near(colour, wanted)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_the_same_input_gives_the_same_picture_and_another_another(client: Any, form: str) -> None:
    one, two = (uri(halves(*colours, form)) for colours in (("red", "blue"), ("white", "green")))
    first, again, other = (
        shown(client, client.post(NATIVE, native(image, seed=7, size="1024*1024"))).tobytes()
        for image in (one, one, two)
    )
    assert first == again
    assert first != other


def test_an_input_before_the_last_counts_too(client: Any) -> None:
    pairs = [[uri(file(colour=first)), uri(file(colour="teal"))] for first in ("red", "green")]
    first, other = (shown(client, client.post(NATIVE, native(pair, seed=7))).tobytes() for pair in pairs)
    assert first != other


@pytest.mark.parametrize("size", [(1000, 500), (384, 768)])
def test_without_a_size_the_ratio_is_that_of_the_last_image(client: Any, size: tuple[int, int]) -> None:
    picture = shown(client, client.post(NATIVE, native([uri(file()), uri(file("JPEG", size))])))
    assert picture.width / picture.height == pytest.approx(size[0] / size[1], rel=0.05)
    assert picture.width % 16 == picture.height % 16 == 0


def test_addresses_give_different_pictures_too(client: Any) -> None:
    first, other = (
        shown(client, client.post(NATIVE, native(f"https://example.com/{name}.png", seed=7))).tobytes()
        for name in "ab"
    )
    assert first != other


def test_a_forgotten_thumbnail_still_gives_a_picture(client: Any, mock: Mock) -> None:
    answer = client.post(NATIVE, native(uri(file()), size="512*512"))
    mock.app.state.thumbnails.clear()
    assert shown(client, answer).size == (512, 512)


def test_thumbnails_are_bounded() -> None:
    kept = Thumbnails(3)
    keys = []
    for side in range(4):
        data = file(size=(400 + side, 400))
        keys.append(key_of(look(data).digest))
        kept.make(keys[-1], data)
    assert [key in kept for key in keys] == [False, True, True, True]
    assert kept.sheet([]) is None
    assert kept.get(keys[0]) != kept.get(keys[1])
    nine = kept.sheet(keys[:1] * 9)
    assert nine is not None
    assert (nine.width, nine.height) == (192, 192)


@pytest.mark.parametrize("several", [False, True])
def test_openai_edits(
    mock: Mock, openai_client: openai.OpenAI, several: bool
) -> None:  # a parameter of the test
    image: Any = io.BytesIO(file("JPEG", (640, 480)))
    if several:
        image = [("a.png", file()), ("b.webp", file("WEBP"), "image/webp")]
    answer = openai_client.images.edit(
        **SETTINGS,
        image=image,
        n=2,
        extra_body={"watermark": False, "optimize_prompt_options": {"enable": False}, "seed": 0},
    )
    assert len({item.url for item in answer.data or []}) == 2
    [entry] = mock.requests()
    assert entry["violations"] == []
    assert [told["mime"] for told in entry["inputs"]] == (
        ["image/png", "image/webp"] if several else ["image/jpeg"]
    )
    parameters = {"n": 2, "seed": 0, "watermark": False, "prompt_extend": False, "size": "1328x1328"}
    assert entry["decoded"]["parameters"] == parameters


def test_openai_edit_with_a_mask_as_base64(mock: Mock, openai_client: openai.OpenAI) -> None:
    answer = openai_client.images.edit(
        **SETTINGS, image=file(), mask=("mask.png", file(mode="RGBA")), response_format="b64_json"
    )
    [item] = answer.data or []
    assert Image.open(io.BytesIO(base64.b64decode(item.b64_json or ""))).size == (1328, 1328)
    assert mock.requests()[0]["decoded"]["unknown"] == ["/mask"]


def test_openai_edit_of_no_picture(openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        openai_client.images.edit(**SETTINGS, image=("a.png", b"no picture"))
    assert refused.value.code == "invalid_value"


def test_openai_edits_in_asyncio(mock: Mock) -> None:
    async def several() -> list[Any]:
        async with openai.AsyncOpenAI(
            base_url=f"{mock.url}/skyengine/v1",
            api_key="sk-a-key",
            http_client=httpx.AsyncClient(trust_env=False),
        ) as client:
            asked = (
                client.images.edit(**SETTINGS, image=[file(colour=name)]) for name in ("red", "green", "blue")
            )
            return await asyncio.gather(*asked)

    answers = asyncio.run(several())
    assert len({answer.data[0].url for answer in answers}) == 3
    assert len({entry["inputs"][0]["sha256"] for entry in mock.requests()}) == 3
