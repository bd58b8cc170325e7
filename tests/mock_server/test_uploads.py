"""Local files: policy, upload, `oss://`, by hand and with the dashscope package."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dashscope
import pytest
from dashscope import AioMultiModalConversation, MultiModalConversation
from dashscope.aigc.image_generation import AioImageGeneration, ImageGeneration
from PIL import Image

from mock_server.sending import BOUNDARY, FORM, NATIVE, clauses, file, native, part
from qwen_image_mock.server import Mock

POLICY = "/dashscope/api/v1/uploads?action=getPolicy&model=qwen-image-edit-plus"
RESOLVE = {"X-DashScope-OssResourceResolve": "enable"}


def policy(client: Any) -> dict[str, Any]:
    answer = client.get(POLICY)
    assert answer.status == 200, answer.body
    data = answer.json["data"]
    assert isinstance(data, dict)
    return data


def upload(client: Any, data: dict[str, Any], image: bytes, name: str = "a.png", **changed: str) -> Any:
    fields = {
        "OSSAccessKeyId": data["oss_access_key_id"],
        "Signature": data["signature"],
        "policy": data["policy"],
        "key": f"{data['upload_dir']}/{name}",
        "x-oss-object-acl": data["x_oss_object_acl"],
        "x-oss-forbid-overwrite": data["x_oss_forbid_overwrite"],
        "success_action_status": "200",
        "x-oss-content-type": "image/png",
        **changed,
    }
    parts = [part(key, value) for key, value in fields.items()]
    body = b"".join([*parts, part("file", image, name), f"--{BOUNDARY}--\r\n".encode()])
    place = urlsplit(data["upload_host"]).path
    return client.send("POST", place, body, {"Content-Type": FORM, "Authorization": None})


def uploaded(client: Any, image: bytes, name: str = "a.png") -> str:
    data = policy(client)
    answer = upload(client, data, image, name)
    assert (answer.status, answer.body) == (200, b"")
    return f"oss://{data['upload_dir']}/{name}"


def test_the_policy_names_the_place_the_client_came_to(client: Any, mock: Mock) -> None:
    data = policy(client)
    named = client.get(POLICY, Host="a-name-of-the-mock:81").json["data"]
    assert named["upload_host"] == "http://a-name-of-the-mock:81/objects"
    assert data["upload_dir"].startswith("dashscope-instant/")
    assert (data["expire_in_seconds"], data["max_file_size_mb"]) == (300, 32)
    assert data["upload_dir"] != policy(client)["upload_dir"]
    assert mock.requests()[0]["operation"] == "upload"


@pytest.mark.parametrize("query", ["", "?action=other&model=x", "?action=getPolicy"])
def test_a_policy_must_be_asked_for_rightly(client: Any, query: str) -> None:
    assert client.get(f"/dashscope/api/v1/uploads{query}").status == 400
    assert client.get(POLICY, Authorization=None).status == 401


def test_an_object_is_taken_with_the_header_only(client: Any, mock: Mock) -> None:
    place = uploaded(client, file(size=(640, 480)))
    assert client.post(NATIVE, native(place), RESOLVE).status == 200
    [told] = mock.requests()[-1]["inputs"]
    assert (told["kind"], told["mime"], told["size"]) == ("object", "image/png", "640x480")
    answer = client.post(NATIVE, native(place))
    assert (answer.status, answer.json["message"]) == (400, "The provided URL does not appear to be valid")
    assert clauses(mock) == ["images.url"]


def test_nobody_else_and_nobody_later_finds_an_object(client: Any, client_with: Any, mock: Mock) -> None:
    place = uploaded(client, file())
    for other, address in ((client_with("sk-another"), place), (client, place + "x"), (client, "oss://x")):
        answer = other.post(NATIVE, native(address), RESOLVE)
        assert (answer.status, answer.json["message"]) == (400, "download image failed")
    mock.clock.step(48 * 3600 - 60)
    assert client.post(NATIVE, native(place), RESOLVE).status == 200
    mock.clock.step(120)
    assert client.post(NATIVE, native(place), RESOLVE).status == 400


def test_an_uploaded_file_is_judged_when_it_is_used(client: Any) -> None:
    answer = client.post(NATIVE, native(uploaded(client, b"no picture")), RESOLVE)
    assert answer.json["message"] == "Invalid image format or corrupted file"
    answer = client.post(NATIVE, native(uploaded(client, file(size=(20, 20)))), RESOLVE)
    assert answer.json["message"] == "the size of input image is too small or too large."


def test_an_uploaded_file_may_be_larger_than_a_data_uri(client: Any, mock: Mock) -> None:
    place = uploaded(client, file() + bytes(10_000_000))
    assert client.post(NATIVE, native(place), RESOLVE).status == 200
    place = uploaded(client, file() + bytes(10_500_000))
    assert client.post(NATIVE, native(place), RESOLVE).status == 400
    assert clauses(mock) == ["images.bytes"]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"Signature": "wrong"}, 403, "SignatureDoesNotMatch"),
        ({"policy": "e30="}, 403, "SignatureDoesNotMatch"),
        ({"policy": ""}, 400, "MalformedPOSTRequest"),
        ({"key": "dashscope-instant/elsewhere/a.png"}, 403, "AccessDenied"),
        ({"success_action_status": "204"}, 204, ""),
    ],
)
def test_a_form_that_breaks_the_policy(client: Any, changed: dict[str, str], status: int, code: str) -> None:
    answer = upload(client, policy(client), file(), **changed)
    assert answer.status == status
    assert code.encode() in answer.body


def test_a_policy_ends(client: Any, mock: Mock) -> None:
    data = policy(client)
    mock.clock.step(301)
    answer = upload(client, data, file())
    assert (answer.status, b"Policy expired" in answer.body) == (403, True)


def test_an_object_is_not_overwritten(client: Any) -> None:
    data = policy(client)
    assert upload(client, data, file()).status == 200
    assert upload(client, data, file()).status == 200
    assert upload(client, data, file("JPEG")).status == 409


def test_the_object_store_answers_anything(client: Any) -> None:
    for method, place, status in (
        ("GET", "/objects/a.png", 403),
        ("OPTIONS", "/objects", 204),
        ("PUT", "/objects", 403),
    ):
        assert client.send(method, place).status == status
    for body, kind in ((b"", FORM), (b"{}", "application/json"), (part("key", "x"), FORM)):
        answer = client.send("POST", "/objects", body, {"Content-Type": kind})
        assert (answer.status, b"MalformedPOSTRequest" in answer.body) == (400, True)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "ein Bild.jpg"
    Image.new("RGB", (800, 600), "teal").save(path)
    return f"file://{path}"


@pytest.fixture
def sdk(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(dashscope, "base_http_api_url", f"{mock.url}/api/v1")
    monkeypatch.setattr(dashscope, "api_key", "sk-of-the-sdk")
    yield mock
    dashscope.close_shared_sync_session()


def asking(*images: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [*({"image": image} for image in images), {"text": "make it blue"}]}]


def made(client: Any, answer: Any) -> Image.Image:
    assert answer.status_code == 200, answer
    url = answer.output["choices"][0]["message"]["content"][0]["image"]
    return Image.open(io.BytesIO(client.get(url).body))


def test_the_sdk_edits_a_local_file(sdk: Mock, client: Any, photo: str) -> None:
    answer = MultiModalConversation.call(model="qwen-image-edit-plus", messages=asking(photo), n=1)
    picture = made(client, answer)
    assert picture.width / picture.height == pytest.approx(4 / 3, rel=0.05)
    entries = sdk.requests()
    assert [entry["operation"] for entry in entries] == ["upload", "edit"]
    assert entries[1]["headers"]["x-dashscope-ossresourceresolve"] == "enable"
    assert entries[1]["decoded"]["images"][0].startswith("oss://dashscope-instant/")
    assert entries[1]["inputs"][0]["mime"] == "image/jpeg"
    assert entries[1]["violations"] == []


def test_the_sdk_edits_several_local_files(sdk: Mock, client: Any, photo: str, tmp_path: Path) -> None:
    second = tmp_path / "b.png"
    second.write_bytes(file())
    made(
        client,
        MultiModalConversation.call(model="qwen-image-edit-plus", messages=asking(photo, f"file://{second}")),
    )
    assert [told["mime"] for told in sdk.requests()[-1]["inputs"]] == ["image/jpeg", "image/png"]


def test_image_generation_edits_a_local_file(sdk: Mock, client: Any, photo: str) -> None:
    message = {"role": "user", "content": [{"text": "make it blue"}, {"image": photo}]}
    answer = ImageGeneration.call(model="wan2.7-image", messages=[message], n=1, size="1K")
    assert made(client, answer).size[0] > 0
    assert sdk.requests()[-1]["inputs"][0]["kind"] == "object"


@pytest.mark.parametrize("kind", ["conversation", "generation"])
def test_the_sdk_edits_a_local_file_in_asyncio(sdk: Mock, client: Any, photo: str, kind: str) -> None:
    async def call() -> Any:
        try:
            if kind == "conversation":
                return await AioMultiModalConversation.call(
                    model="qwen-image-edit-plus", messages=asking(photo)
                )
            return await AioImageGeneration.call(model="wan2.7-image", messages=asking(photo), n=1)
        finally:
            await dashscope.close_shared_aio_session()

    assert made(client, asyncio.run(call())).size[0] > 0
    assert sdk.requests()[-1]["inputs"][0]["kind"] == "object"


def test_a_task_of_the_sdk_edits_a_local_file(sdk: Mock, client: Any, photo: str) -> None:
    submitted = ImageGeneration.async_call(model="wan2.7-image", messages=asking(photo), n=1)
    assert submitted.status_code == 200, submitted
    sdk.clock.step(60)
    assert made(client, ImageGeneration.fetch(submitted)).size[0] > 0


def test_a_refused_key_cannot_upload(sdk: Mock, photo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashscope, "api_key", "sk-invalid")
    with pytest.raises(dashscope.common.error.UploadFileException, match="InvalidApiKey"):
        MultiModalConversation.call(model="qwen-image-edit-plus", messages=asking(photo))
    assert [entry["status"] for entry in sdk.requests()] == [401]
