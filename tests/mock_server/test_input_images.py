"""Input images: measured from their bytes, judged by the model's rule, refused in the provider's words."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from mock_server.sending import FORMS, GATEWAY, NATIVE, clauses, file, gateway, native, uri
from qwen_image_mock.fetch import NotFetched, fetch
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings
from qwen_image_spec import load
from qwen_image_spec.input_images import bytes_of, look, look_at
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.size import Size
from qwen_image_spec.sniff import sniff


@pytest.mark.parametrize("form", FORMS)
def test_files_tell_their_format_and_size(form: str) -> None:
    found = sniff(file(form, (1321, 423)))
    assert found is not None
    assert found.format == FORMS[form].get("format", form).lower()
    assert found.size == Size(1321, 423)
    seen = look_at(uri(file(form, (321, 123)), "image/x-wrong"))
    assert seen is not None
    assert seen.size == Size(321, 123)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "LA"])
def test_colours_do_not_matter(mode: str) -> None:
    assert look(file("PNG", (99, 77), 0, mode)).size == Size(99, 77)  # type: ignore[arg-type] # any mode of Pillow


def test_a_picture_with_alpha_or_an_animation_in_webp_is_measured() -> None:
    buffer = io.BytesIO()
    frames = [Image.new("RGBA", (300, 200), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    assert b"VP8X" in buffer.getvalue()[:16]
    assert look(buffer.getvalue()).size == Size(300, 200)


@pytest.mark.parametrize("form", FORMS)
def test_no_beginning_of_a_file_makes_the_sniffer_stumble(form: str) -> None:
    whole = file(form, (40, 30))
    for length in range(min(len(whole), 400)):
        found = sniff(whole[:length])
        assert found is None or found.size in (None, Size(40, 30))


def test_a_jpeg_with_a_long_comment_and_filling_is_measured() -> None:
    plain = file("JPEG", (640, 480))
    comments = b"\xff\xfe\xff\xff" + bytes(65_533) + b"\xff\xff\xff\xfe\x00\x02"
    assert look(plain[:2] + comments * 3 + plain[2:]).size == Size(640, 480)


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"", None),
        (b"text", None),
        (b"<svg xmlns=''/>", "svg"),
        (b"\0\0\0\x18ftypheic", "heif"),
        (b"BM", "bmp"),
    ],
)
def test_what_is_no_picture_of_the_six_formats(data: bytes, form: str | None) -> None:
    looked = look(data)
    assert (looked.format, looked.size) == (form, None)
    assert looked.readable is (form in ("svg", "heif"))


@pytest.mark.parametrize(
    "text",
    [
        "data:",
        "data:,x",
        "data:image/png,abc",
        "data:image/png;base64,",
        "data:image/png;base64,A",
        "data:a;base64,é",
    ],
)
def test_data_uris_without_usable_bytes(text: str) -> None:
    assert bytes_of(text) == b""
    seen = look_at(text)
    assert seen is not None
    assert not seen.readable


@pytest.mark.parametrize("form", FORMS)
def test_every_documented_format_is_taken(client: Any, mock: Mock, form: str) -> None:
    image = uri(file(form))
    for path, body in (
        (NATIVE, native(image)),
        (GATEWAY, gateway(image)),
        (GATEWAY, gateway([image, image])),
    ):
        answer = client.post(path, body)
        assert answer.status == 200, answer.body
        assert clauses(mock) == []


REFUSED = {
    "too small": (file("PNG", (16, 16)), "images.side", "the size of input image is too small or too large."),
    "too large": (
        file("PNG", (3073, 400)),
        "images.side",
        "the size of input image is too small or too large.",
    ),
    "text": (b"This is a text.", "images.corrupt", "Invalid image format or corrupted file"),
    "empty": (b"", "images.corrupt", "Invalid image format or corrupted file"),
    "cut off": (file("PNG")[:20], "images.corrupt", "Invalid image format or corrupted file"),
    "svg": (b"<svg/>", "images.format", "Invalid image format or corrupted file"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_native_edit_refuses(client: Any, mock: Mock, name: str) -> None:
    data, clause, message = REFUSED[name]
    answer = client.post(NATIVE, native([uri(file()), uri(data)]))
    assert (answer.status, answer.json["code"], answer.json["message"]) == (400, "InvalidParameter", message)
    assert clauses(mock) == [clause]


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_gateway_refuses(client: Any, mock: Mock, name: str) -> None:
    data, clause, _ = REFUSED[name]
    answer = client.post(GATEWAY, gateway([uri(data)]))
    assert answer.status == 400
    assert answer.json["error"]["code"] == "invalid_value"
    assert clauses(mock) == [clause]


@pytest.mark.parametrize(
    ("image", "clause"),
    [
        ("", "images.url"),
        ("picture.png", "images.url"),
        ("file:///tmp/a.png", "images.url"),
        ("ftp://example.com/a.png", "images.url"),
        ("http://", "images.url"),
        ("http://[", "images.url"),
        ("https://example.com/a b.png", "images.url"),
        ("data:image/png;base64,!!!", "images.corrupt"),
        (7, "images.type"),
        ({"url": "https://example.com/a.png"}, "images.type"),
        ([], "images.count"),
    ],
)
def test_what_is_no_image_at_all(client: Any, mock: Mock, image: Any, clause: str) -> None:
    for path, body in ((NATIVE, native(image)), (GATEWAY, gateway(image))):
        answer = client.post(path, body)
        assert answer.status == 400, answer.body
        assert clauses(mock) == [clause]


def test_limits_belong_to_the_model(client: Any, mock: Mock) -> None:
    small, wide, gif = (uri(data) for data in (file(size=(300, 300)), file(size=(2400, 240)), file("GIF")))
    assert client.post(NATIVE, native(small, "wan2.7-image")).status == 200
    assert client.post(NATIVE, native(small, "wan2.6-image", n=1)).status == 200
    assert client.post(NATIVE, native(wide, "wan2.7-image")).status == 400
    assert clauses(mock) == ["images.ratio"]
    assert client.post(NATIVE, native(gif, "wan2.7-image")).status == 400
    assert clauses(mock) == ["images.format"]


def test_a_long_data_uri_is_refused_in_the_providers_words(client: Any, mock: Mock) -> None:
    large = file() + bytes(8_000_000)
    answer = client.post(NATIVE, native(uri(large)))
    assert answer.json["message"] == "Exceeded limit on max bytes per data-uri item : 10485760"
    assert clauses(mock) == ["images.data-uri"]
    assert client.post(GATEWAY, gateway(uri(large))).status == 200


def test_a_task_fails_of_its_image_where_the_model_answers_so(client: Any, mock: Mock) -> None:
    body = {"model": "wan2.5-i2i-preview", "input": {"prompt": "blue", "images": [uri(file(size=(64, 64)))]}}
    answer = client.post(
        "/dashscope/api/v1/services/aigc/image2image/image-synthesis", body, {"X-DashScope-Async": "enable"}
    )
    assert answer.status == 200, answer.body
    mock.clock.step(60)
    output = client.get(f"/dashscope/api/v1/tasks/{answer.json['output']['task_id']}").json["output"]
    assert (output["task_status"], output["code"]) == ("FAILED", "InvalidParameter")
    assert output["message"] == "the size of input image is too small or too large."


def test_the_rules_judge_what_they_are_told_of_addresses() -> None:
    model = load().providers["dashscope"].models["wan2.7-image"]
    request = ImageRequest(model.id, "blue", ("https://example.com/a.png",))
    assert check(request, model) == []
    [violation] = check(request, model, [look(file(size=(100, 100)))])
    assert violation.clause == "images.side"
    [violation] = check(request, model, [look(file() + bytes(20_971_520))])
    assert violation.clause == "images.bytes"


def test_the_journal_tells_kind_size_type_and_digest_never_the_bytes(client: Any, mock: Mock) -> None:
    data = file("JPEG", (640, 480))
    client.post(NATIVE, native([uri(data, "image/png"), "https://example.com/a.png"]))
    [entry] = mock.requests()
    told, other = entry["inputs"]
    assert told == {
        "kind": "data",
        "mime": "image/jpeg",
        "bytes": len(data),
        "size": "640x480",
        "sha256": look(data).digest,
    }
    assert other == {"kind": "url"}
    assert base64.b64encode(data).decode()[40:80] not in str(entry)
    assert look(data).digest in entry["decoded"]["images"][0]
    assert "640x480" in entry["body"]["input"]["messages"][0]["content"][0]["image"]


def test_a_picture_of_ours_is_taken_on_any_host_and_not_when_it_is_over(client: Any, mock: Mock) -> None:
    made = client.post(NATIVE, native(uri(file()), seed=1, size="1536*512"))
    url = made.json["output"]["choices"][0]["message"]["content"][0]["image"]
    elsewhere = "https://pictures.example.com" + url[url.index("/pictures/") :]
    for address in (url, elsewhere):
        answer = client.post(NATIVE, native(address))
        assert answer.status == 200, answer.body
        [told] = mock.requests()[-1]["inputs"]
        assert (told["kind"], told["mime"], told["size"]) == ("own", "image/png", "1536x512")
        width, height = (answer.json["usage"][side] for side in ("width", "height"))
        assert width / height == pytest.approx(3, rel=0.05)
    mock.clock.step(90_000)
    answer = client.post(NATIVE, native(url))
    assert (answer.status, answer.json["message"]) == (400, "download image failed")
    assert client.post(NATIVE, native(url[:-3] + "xyz")).status == 400


class _Pictures(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers = {
            "/a.png": (200, file(size=(768, 512)), {}),
            "/text": (200, b"no picture", {}),
            "/moved": (302, b"", {"Location": "/a.png"}),
            "/file": (302, b"", {"Location": "file:///etc/hostname"}),
            "/large": (200, bytes(2_000_000), {}),
        }
        status, body, headers = answers.get(self.path, (404, b"", {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def outside() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pictures)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_nothing_is_fetched_unless_the_mock_is_told_to(
    client_of: Callable[[Mock], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with outside() as there, serve(Settings(fetch_images=True)) as fetching, serve() as plain:
        assert client_of(plain).post(NATIVE, native(f"{there}/none")).status == 200
        client = client_of(fetching)
        for path in ("/a.png", "/moved"):
            assert client.post(NATIVE, native(there + path)).status == 200
            assert fetching.requests()[-1]["inputs"][0]["size"] == "768x512"
        for path in ("/none", "/file"):
            answer = client.post(NATIVE, native(there + path))
            assert (answer.status, answer.json["message"]) == (400, "download image failed")
        answer = client.post(NATIVE, native(f"{there}/text"))
        assert answer.json["message"] == "Invalid image format or corrupted file"
        assert client.post(GATEWAY, gateway(f"{there}/none")).status == 400


def test_fetching_has_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with outside() as there:
        assert fetch(f"{there}/a.png", 100_000).startswith(b"\x89PNG")
        with pytest.raises(NotFetched, match="more than"):
            fetch(f"{there}/large", 1_000_000)
    for url in (
        f"{there}/a.png",
        "file:///etc/hostname",
        "ftp://127.0.0.1/a",
        "data:,x",
        "http://127.0.0.1:1/",
    ):
        with pytest.raises(NotFetched):
            fetch(url, 1000)
