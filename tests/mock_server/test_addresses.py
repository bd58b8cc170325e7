"""Addresses of pictures: open to everybody, signed, and over when their time is over."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings

PATH = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}


@pytest.fixture
def address(client: Any) -> str:
    return str(client.post(PATH, ASK).json["data"][0]["url"])


def test_an_address_needs_no_key_and_minds_no_header(client: Any, address: str) -> None:
    for headers in (
        {"Authorization": None},
        {"Authorization": "Bearer sk-wrong"},
        {"X-Anything": "1", "Content-Type": "application/json"},
    ):
        answer = client.get(address, **headers)
        assert answer.status == 200
        assert answer.headers["content-type"] == "image/png"
        assert int(answer.headers["content-length"]) == len(answer.body)


def test_an_address_says_when_it_ends_and_ends_then(mock: Any, client: Any) -> None:
    mock.clock.freeze(1_800_000_000)
    url = client.post(PATH, ASK).json["data"][0]["url"]
    assert parse_qs(urlsplit(url).query)["Expires"] == [str(1_800_000_000 + 86_400)]
    mock.clock.step(86_399)
    assert client.get(url).status == 200
    mock.clock.step(1)
    answer = client.get(url)
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/xml"
    assert b"<Message>Request has expired.</Message>" in answer.body


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r"Signature=.", "Signature=!"),
        (r"Expires=\d", "Expires=9"),
        (r"-0\.png", "-1.png"),
        (r"/pictures/\d", "/pictures/9"),
        (r"Expires=\d+", "Expires=x"),
        (r"&Signature=.*", ""),
        (r"Expires=\d+", "Expires=" + "9" * 400),
    ],
)
def test_an_altered_address_is_refused(client: Any, address: str, pattern: str, by: str) -> None:
    answer = client.get(re.sub(pattern, by, address, count=1))
    assert answer.status == 403
    assert b"<Code>" in answer.body


def test_an_address_is_signed_for_get(client: Any, address: str) -> None:
    assert client.send("HEAD", address).status == 403
    assert client.send("PUT", address, b"x").status == 403


def test_no_such_picture(client: Any) -> None:
    assert client.get("/pictures/nothing.png").status == 404
    assert client.get("/pictures/20260101/%2e%2e/x").status == 404


def test_a_picture_known_already_is_not_sent_again(client: Any, address: str) -> None:
    tag = client.get(address).headers["etag"]
    answer = client.get(address, **{"If-None-Match": tag})
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"Host": "mock.example:8443"}, "http://mock.example:8443"),
        ({"Host": "mock.example", "X-Forwarded-Proto": "https"}, "https://mock.example"),
    ],
)
def test_addresses_follow_the_host_the_client_used(client: Any, headers: dict[str, str], origin: str) -> None:
    assert client.post(PATH, ASK, headers).json["data"][0]["url"].startswith(origin + "/pictures/")


def test_the_public_address_wins(client_of: Any) -> None:
    with serve(Settings(public_url="https://pictures.example/mock/")) as mock:
        assert (
            client_of(mock)
            .post(PATH, ASK)
            .json["data"][0]["url"]
            .startswith("https://pictures.example/mock/pictures/")
        )


def test_the_same_server_seed_opens_the_addresses_of_before(client_of: Any) -> None:
    with serve(Settings(seed=3)) as mock:
        place = urlsplit(client_of(mock).post(PATH, ASK).json["data"][0]["url"])
    with serve(Settings(seed=3)) as mock:
        assert client_of(mock).get(f"{place.path}?{place.query}").status == 200
    with serve(Settings(seed=4)) as mock:
        assert client_of(mock).get(f"{place.path}?{place.query}").status == 403
