"""How clients are met whatever they write: versions of HTTP, chunks, large bodies, texts, and hosts."""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from clients.looking import all_downloaded, download, pictures_in
from clients.wire import AUTHORIZED, connect, head, read, send
from qwen_image_mock.server import Mock, serve

Json = Any
OPENAI = "/v1/images/generations"
EDITS = "/skyengine/v1/images/edits"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
PROMPT = "一幅中国山水画, café, 🐈"
ASK: Json = {"model": "qwen-image-2.0-pro", "prompt": PROMPT, "size": "2368x1728"}
FRAME: Json = {
    "model": "qwen-image-2.0-pro",
    "input": {"messages": [{"role": "user", "content": [{"text": PROMPT}]}]},
    "parameters": {"size": "640*512"},
}
MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "spelling", [{"ensure_ascii": True}, {"ensure_ascii": False}], ids=["escaped", "utf-8"]
)
def test_text_escaped_or_not_is_the_same(mock: Mock, spelling: Any) -> None:
    for path, ask in ((OPENAI, ASK), (NATIVE, FRAME)):
        assert send(mock.url, path, json.dumps(ask, **spelling).encode()).status == 200
    assert [entry["decoded"]["prompt"] for entry in mock.requests()] == [PROMPT, PROMPT]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_body_in_chunks(mock: Mock, size: int) -> None:
    body = json.dumps(ASK, ensure_ascii=False).encode()

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    answer = httpx.post(mock.url + OPENAI, content=chunks(), headers=AUTHORIZED, trust_env=False)
    assert answer.status_code == 200, answer.text
    [entry] = mock.requests()
    assert entry["headers"]["transfer-encoding"] == "chunked"
    assert "content-length" not in entry["headers"]
    assert entry["body"] == ASK
    all_downloaded([answer.json()["data"][0]["url"]], (2368, 1728))


@pytest.mark.parametrize("host", [None, ""], ids=["with-host", "without-host"])
def test_http_1_0(mock: Mock, host: str | None) -> None:
    answer = send(mock.url, NATIVE, FRAME, version="1.0", host=host)
    assert answer.status == 200, answer.body
    [url] = pictures_in(answer.json["output"])
    assert url.startswith(mock.url + "/pictures/")
    all_downloaded([url], (640, 512))
    place = urlsplit(url)
    fetched = send(mock.url, f"{place.path}?{place.query}", method="GET", version="1.0", host=host)
    assert fetched.body == download(url).data


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(mock: Mock) -> None:
    """curl does so for bodies above a megabyte."""
    body = json.dumps(ASK).encode()
    place = urlsplit(mock.url).netloc
    headers = {"Host": place, **AUTHORIZED, "Expect": "100-continue", "Content-Length": str(len(body))}
    with connect(mock.url) as connection:
        connection.sendall(head("POST", OPENAI, headers))
        told = connection.recv(1024)
        assert told.startswith(b"HTTP/1.1 100")
        connection.sendall(body)
        assert read(connection).status == 200


def test_many_requests_on_one_connection(mock: Mock) -> None:
    place = urlsplit(mock.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        wanted: list[tuple[str, str, Json, int]] = [
            ("POST", OPENAI, ASK, 200),
            ("POST", OPENAI, {**ASK, "n": 0}, 400),
            ("GET", OPENAI, None, 405),
            ("POST", NATIVE, FRAME, 200),
            ("POST", SUBMIT, FRAME, 400),
            ("POST", OPENAI, ASK, 200),
        ]
        for method, path, ask, status in wanted:
            connection.request(method, path, body=json.dumps(ask), headers=AUTHORIZED)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status, (method, path)
    finally:
        connection.close()


@pytest.mark.parametrize("megabytes", [1.5, 8, 20])
def test_a_large_body(mock: Mock, megabytes: float) -> None:
    """Pictures to edit come in the body, too: the mock reads them whole and remembers their hash."""
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(file, "PNG")
    data = file.getvalue() + bytes(int(megabytes * MEGABYTE) * 3 // 4)
    image = "data:image/png;base64," + base64.b64encode(data).decode()
    ask = {"model": "qwen-image-edit-plus", "prompt": "make it blue", "size": "1328x1328", "image": [image]}
    answer = send(mock.url, EDITS, ask)
    assert answer.status == 200, answer.body[:400]
    all_downloaded([item["url"] for item in answer.json["data"]], (1328, 1328))
    [entry] = mock.requests()
    assert entry["headers"]["content-length"] == str(len(json.dumps(ask)))
    assert len(str(entry)) < 100_000
    assert (entry["inputs"][0]["size"], entry["inputs"][0]["bytes"]) == ("640x480", len(data))


def test_a_body_beyond_the_limit_is_refused_and_the_next_one_taken(mock: Mock) -> None:
    answer = send(mock.url, OPENAI, b" " * 33 * 1024 * 1024)
    assert answer.status == 413
    assert answer.json["error"]["code"] == "request_too_large"
    assert send(mock.url, OPENAI, ASK).status == 200


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize(("path", "ask"), [(OPENAI, ASK), (NATIVE, FRAME)], ids=["openai", "native"])
def test_pictures_are_where_the_client_came_to(mock: Mock, path: str, ask: Json, name: str) -> None:
    """A client may refuse an address whose host is not the one it was given, to the letter."""
    origin = f"http://{name}:{urlsplit(mock.url).port}"
    document = send(mock.url, path, ask, host=origin.removeprefix("http://")).json
    urls = (
        [item["url"] for item in document["data"]] if "data" in document else pictures_in(document["output"])
    )
    assert [url.partition("/pictures/")[0] for url in urls] == [origin]
    assert download(urls[0]).form == "PNG"


def test_pictures_of_a_task_are_where_the_query_came_to(mock: Mock) -> None:
    port = urlsplit(mock.url).port
    mock.clock.freeze(1_800_000_000)
    ask = {"model": "qwen-image", "input": {"prompt": PROMPT}}
    submitted = send(mock.url, SUBMIT, ask, {"X-DashScope-Async": "enable"}, host=f"127.0.0.1:{port}")
    mock.clock.step(1)
    path = f"/api/v1/tasks/{submitted.json['output']['task_id']}"
    done = send(mock.url, path, method="GET", host=f"localhost:{port}").json["output"]
    assert [url.startswith(f"http://localhost:{port}/") for url in pictures_in(done)] == [True]


def test_a_mock_of_ip_version_6() -> None:
    with serve(host="::1") as mock:
        answer = httpx.post(mock.url + OPENAI, json=ASK, headers=AUTHORIZED, trust_env=False)
        url = answer.json()["data"][0]["url"]
        assert url.startswith(mock.url + "/pictures/")
        assert mock.url.startswith("http://[::1]:")
        assert download(url).size == (2368, 1728)


def test_a_picture_answers_to_whatever_comes_with_the_request_for_it(mock: Mock) -> None:
    """One client repeats the call's headers, the key among them, when it fetches the result."""
    answer = send(mock.url, OPENAI, ASK)
    url = answer.json["data"][0]["url"]
    plain = download(url)
    for headers in (
        AUTHORIZED,
        {"Authorization": "Bearer sk-wrong-key"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": ""},
        {
            "Accept": "application/json",
            "Content-Type": "multipart/form-data; boundary=x",
            "X-Stainless-Lang": "js",
        },
        {"Range": "bytes=0-", "Accept": "image/*"},
    ):
        assert download(url, headers).data == plain.data
    assert len(mock.requests()) == 1  # fetching pictures is no call of the API
