"""Forms: what each part becomes, and that no form breaks the mock."""

from __future__ import annotations

import http.client
import random
from typing import Any
from urllib.parse import urlsplit

import pytest

from mock_server.sending import BOUNDARY, FORM, clauses, file, part, uri
from qwen_image_mock.bodies import BadBody
from qwen_image_mock.multipart import MOST_PARTS, Part, coerced, data_uri, document_of, parts_of
from qwen_image_mock.server import Mock
from qwen_image_spec import load
from qwen_image_spec.dialect import dialect

EDITS = "/skyengine/v1/images/edits"
ASK = [("model", "qwen-image-edit-plus"), ("prompt", "蓝色, please")]


def form(*parts: bytes) -> bytes:
    return b"".join(part(*field) for field in ASK) + b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def send(client: Any, body: bytes, content_type: str = FORM) -> Any:
    return client.send("POST", EDITS, body, {"Content-Type": content_type})


def texts(*pairs: tuple[str, str]) -> list[Part]:
    return [Part(name, value.encode(), file=False) for name, value in pairs]


IMAGE = file()


@pytest.mark.parametrize(
    "parts",
    [
        [part("image", IMAGE, "a.png", "image/png")],
        [part("image", IMAGE, "blob", "application/octet-stream")],
        [part("image", IMAGE, "blob")],
        [part("image", IMAGE, None, "image/png")],
        [part("image", IMAGE, "夜.txt", "text/plain")],
        [part("image[]", IMAGE, "a.png", "image/png")],
        [part("image[0]", IMAGE, "a.png", "image/png")],
        [part("image", uri(IMAGE))],
    ],
)
def test_one_image_however_it_is_sent(client: Any, mock: Mock, parts: list[bytes]) -> None:
    answer = send(client, form(*parts))
    assert answer.status == 200, answer.body
    [entry] = mock.requests()
    assert entry["operation"] == "edit"
    assert [told["mime"] for told in entry["inputs"]] == ["image/png"]
    assert entry["decoded"]["prompt"] == "蓝色, please"
    assert entry["violations"] == []


@pytest.mark.parametrize("names", [("image", "image"), ("image[]", "image[]"), ("image[0]", "image[1]")])
def test_several_images_keep_their_order(client: Any, mock: Mock, names: tuple[str, str]) -> None:
    sizes = [(400, 500), (600, 400)]
    parts = [part(name, file(size=size), "a") for name, size in zip(names, sizes, strict=True)]
    assert send(client, form(*parts)).status == 200
    assert [told["size"] for told in mock.requests()[0]["inputs"]] == ["400x500", "600x400"]


def test_an_address_as_text_is_an_address(client: Any, mock: Mock) -> None:
    assert send(client, form(part("image", "https://example.com/a.png"))).status == 200
    assert mock.requests()[0]["decoded"]["images"] == ["https://example.com/a.png"]


def test_the_type_of_a_file_is_told_from_its_bytes(client: Any, mock: Mock) -> None:
    assert send(client, form(part("image", file("WEBP"), "a.png", "image/png"))).status == 200
    assert mock.requests()[0]["inputs"][0]["mime"] == "image/webp"
    assert data_uri(b"text").startswith("data:application/octet-stream;base64,")


def test_texts_become_what_the_parameters_are(client: Any, mock: Mock) -> None:
    fields = {
        "n": "2",
        "seed": "0",
        "watermark": "false",
        "size": "1328x1328",
        "optimize_prompt_options[enable]": "False",
        "optimize_prompt_options[negative_prompt]": "7",
    }
    answer = send(client, form(part("image", IMAGE, "a"), *(part(*field) for field in fields.items())))
    assert answer.status == 200, answer.body
    [entry] = mock.requests()
    assert entry["decoded"]["parameters"] == {
        "n": 2,
        "seed": 0,
        "watermark": False,
        "size": "1328x1328",
        "prompt_extend": False,
        "negative_prompt": "7",
    }
    assert entry["body"]["n"] == "2"
    assert len(answer.json["data"]) == 2


@pytest.mark.parametrize(
    ("name", "value", "clause"),
    [
        ("n", "two", "n.type"),
        ("n", "2.5", "n.type"),
        ("watermark", "maybe", "watermark.type"),
        ("seed", "", "seed.type"),
    ],
)
def test_what_cannot_be_read_stays_a_text(
    client: Any, mock: Mock, name: str, value: str, clause: str
) -> None:
    answer = send(client, form(part("image", IMAGE, "a"), part(name, value)))
    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_type")
    assert clauses(mock) == [clause]


def test_a_mask_is_a_field_nobody_reads(client: Any, mock: Mock) -> None:
    assert (
        send(client, form(part("image", IMAGE, "a"), part("mask", file(mode="RGBA"), "mask.png"))).status
        == 200
    )
    assert mock.requests()[0]["decoded"]["unknown"] == ["/mask"]


def test_documents_of_forms() -> None:
    pairs = [
        ("a", "1"),
        ("a", "2"),
        ("b[]", "x"),
        ("b[]", "y"),
        ("c[d][e]", "z"),
        ("c[f]", "q"),
        ("[", "odd"),
        ("g[0]", "l"),
    ]
    assert document_of(texts(*pairs)) == {
        "a": "2",
        "b": ["x", "y"],
        "c": {"d": {"e": "z"}, "f": "q"},
        "[": "odd",
        "g": ["l"],
    }
    assert document_of(texts(("a", "1"), ("a[b]", "2"))) == {"a": "1", "a[b]": "2"}
    assert document_of(texts(("a[b]", "2"), ("a", "1"))) == {"a": {"b": "2"}}
    deep = "a" + "[b]" * 9
    assert document_of(texts((deep, "1"))) == {deep: "1"}


def test_bracketed_parameters_of_the_other_gateway() -> None:
    provider = load().providers["dieyuyun"]
    model = provider.models["qwen-image-2.0"]
    spelled = dialect(model, provider.endpoints["generations"])
    document = document_of(texts(("parameters[watermark]", "false"), ("n", " 3"), ("prompt", "true")))
    assert coerced(document, spelled) == {"parameters": {"watermark": False}, "n": 3, "prompt": "true"}
    assert document["n"] == " 3"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (form(part("image", IMAGE, "a")), "multipart/form-data"),
        (form(part("image", IMAGE, "a")), "multipart/form-data; boundary="),
        (form(part("image", IMAGE, "a")), "multipart/form-data; boundary=other"),
        (form(part("image", IMAGE, "a"))[:-20], FORM),
        (form(part("image", IMAGE, "a"))[:500], FORM),
        (b"", FORM),
        (b"{}", FORM),
        (form(b"--" + BOUNDARY.encode() + b"\r\n\r\nno name\r\n"), FORM),
        (form(*(part(f"x{number}", "y") for number in range(MOST_PARTS))), FORM),
        (form(part("image", IMAGE, "a")), "multipart/form-data; boundary=" + "x" * 5000),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    client: Any, mock: Mock, body: bytes, content_type: str
) -> None:
    answer = send(client, body, content_type)
    assert answer.status == 400, answer.body
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert clauses(mock) == ["body.malformed"]
    assert len(str(mock.requests()[0]["body"])) < 1000


def test_a_form_without_fields_names_no_model(client: Any, mock: Mock) -> None:
    assert send(client, f"--{BOUNDARY}--\r\n".encode()).status == 400
    assert clauses(mock) == ["model.missing"]


def test_hundreds_of_parts_are_too_many_images(client: Any, mock: Mock) -> None:
    answer = send(client, form(*(part("image[]", b"x", "a") for _ in range(300))))
    assert answer.status == 400
    assert clauses(mock)[0] == "images.count"


def test_no_garbage_breaks_the_mock(client: Any) -> None:
    chance = random.Random(20261120)  # noqa: S311 # repeatable
    whole = form(part("image", IMAGE, "a"), part("n", "2"))
    for _ in range(60):
        body = bytearray(whole)
        for _ in range(chance.randrange(1, 30)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        assert send(client, bytes(body)).status in (200, 400, 404)


def test_other_paths_take_no_forms(client: Any, mock: Mock) -> None:
    answer = client.send("POST", "/skyengine/v1/images/generations", form(), {"Content-Type": FORM})
    assert answer.status == 415
    assert clauses(mock) == ["body.media-type"]


def test_a_large_file_in_pieces(mock: Mock) -> None:
    image = file(size=(2048, 1536)) + random.Random(1).randbytes(20_000_000)  # noqa: S311 # repeatable
    body = form(part("image", image, "large.png", "application/octet-stream"))
    own = urlsplit(mock.url)
    connection = http.client.HTTPConnection(own.hostname or "", own.port, timeout=60)
    pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    headers = {"Content-Type": FORM, "Authorization": "Bearer sk-a-key"}
    connection.request("POST", EDITS, pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()
    connection.close()
    [entry] = mock.requests()
    assert entry["headers"]["transfer-encoding"] == "chunked"
    assert entry["inputs"][0] | {"sha256": ""} == {
        "kind": "data",
        "mime": "image/png",
        "bytes": len(image),
        "size": "2048x1536",
        "sha256": "",
    }
    assert len(str(entry)) < 10_000


def test_parts_must_be_of_a_form() -> None:
    body = f"--{BOUNDARY}\r\nContent-Disposition: attachment\r\n\r\nx\r\n--{BOUNDARY}--".encode()
    with pytest.raises(BadBody):
        parts_of(body, FORM.encode())
