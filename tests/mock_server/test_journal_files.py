"""Pictures fetched and files uploaded stand in the journal too, and never push a call out of it."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.sending import BOUNDARY, FORM, file, part
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings

PATH = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat", "seed": 7}
POLICY = "/dashscope/api/v1/uploads?action=getPolicy&model=qwen-image-edit-plus"


def picture(client: Any) -> str:
    url: str = client.post(PATH, ASK).json["data"][0]["url"]
    return url


def upload(client: Any, **headers: str | None) -> Any:
    data = client.get(POLICY).json["data"]
    fields = {"Signature": data["signature"], "policy": data["policy"], "key": f"{data['upload_dir']}/a.png"}
    parts = [part(name, value) for name, value in fields.items()]
    body = b"".join([*parts, part("file", file(), "a.png"), f"--{BOUNDARY}--\r\n".encode()])
    return client.send("POST", "/objects", body, {"Content-Type": FORM, "Authorization": None, **headers})


def operations(client: Any, query: str = "") -> list[str]:
    return [entry["operation"] for entry in client.get(f"/_mock/requests{query}").json["requests"]]


def test_a_fetched_picture_is_told_on_request(client: Any, mock: Any) -> None:
    url = picture(client)
    fetched = client.get(url, Authorization=None, **{"User-Agent": "a-browser"})
    assert operations(client) == ["generate"]
    assert operations(client, "?files=true") == ["generate", "picture"]
    [entry] = mock.requests(operation="picture")
    assert url.endswith(entry["path"])
    assert (entry["provider"], entry["style"], entry["method"], entry["status"]) == (None, None, "GET", 200)
    assert entry["id"] == fetched.headers["x-oss-request-id"]
    assert entry["response"] == f"({len(fetched.body)} bytes image/png)"
    assert entry["response_headers"]["content-type"] == "image/png"
    assert entry["headers"]["user-agent"] == "a-browser"
    assert "authorization" not in entry["headers"]


def test_a_key_sent_along_with_a_fetch_is_seen_and_not_shown(client: Any, client_with: Any) -> None:
    sender = client_with("sk-sent-to-the-wrong-host")
    sender.get(picture(client))
    [entry] = client.get("/_mock/requests?operation=picture&key=sk-sent-to-the-wrong-host").json["requests"]
    assert entry["headers"]["authorization"].startswith("Bearer key:")
    assert b"wrong-host" not in client.get("/_mock/requests?files=true").body


@pytest.mark.parametrize(("method", "change"), [("HEAD", ""), ("GET", "x")])
def test_a_refused_fetch_is_journalled_with_its_answer(
    client: Any, mock: Any, method: str, change: str
) -> None:
    client.send(method, picture(client) + change)
    [entry] = mock.requests(operation="picture")
    assert entry["status"] == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in entry["response"]


def test_an_upload_is_told_with_its_form_and_belongs_to_its_key(client: Any, mock: Any) -> None:
    assert upload(client).status == 204
    [entry] = mock.requests(operation="upload-object")
    assert (entry["status"], entry["response"], entry["path"]) == (204, None, "/objects")
    assert entry["body"]["key"].startswith("dashscope-instant/")
    assert entry["body"]["file"].startswith(f"({len(file())} bytes, sha256 ")
    assert operations(client, f"?files=true&key={client.key}") == ["upload", "upload-object"]
    assert operations(client, "?files=true&key=sk-another") == []


def test_a_key_sent_along_with_an_upload_is_seen(client: Any, mock: Any) -> None:
    upload(client, Authorization="Bearer sk-not-for-you")
    [entry] = mock.requests(operation="upload-object")
    assert entry["headers"]["authorization"].startswith("Bearer key:")
    assert "sk-not-for-you" not in str(entry)


def test_a_refused_upload_is_journalled(client: Any, mock: Any) -> None:
    client.send("POST", "/objects", b"no form", {"Authorization": None})
    [entry] = mock.requests(operation="upload-object")
    assert (entry["status"], entry["body"]) == (400, None)
    assert "MalformedPOSTRequest" in entry["response"]


def test_filters_hold_among_files(client: Any) -> None:
    url = picture(client)
    since = client.get(url).headers["x-oss-request-id"]
    client.get(url)
    picture(client)
    assert operations(client, f"?files=true&since={since}") == ["picture", "generate"]
    assert operations(client, "?operation=picture&limit=1") == ["picture"]
    assert operations(client, "?files=true&provider=dieyuyun") == ["generate", "generate"]
    assert operations(client, "?operation=picture&contains=no-such-text") == []


def test_fetches_push_no_call_out(client_of: Any) -> None:
    with serve(Settings(journal_entries=3)) as mock:
        client = client_of(mock)
        url = picture(client)
        for _ in range(5):
            client.get(url)
        assert len(mock.requests()) == 1
        assert len(mock.requests(operation="picture")) == 3


def test_clearing_the_journal_clears_files(client: Any, mock: Any) -> None:
    client.get(picture(client))
    client.send("DELETE", "/_mock/requests")
    assert mock.requests(files="true") == []
