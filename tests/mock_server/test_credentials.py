"""Who is let in."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings
from qwen_image_spec import load

ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}
PATH = "/v1/images/generations"


@pytest.mark.parametrize(
    "header", ["Bearer sk-1", "bearer sk-1", "BEARER  sk-1 ", "Bearer sk-mock-unheard-of"]
)
def test_a_key_is_let_in(client: Any, header: str) -> None:
    assert client.post(PATH, ASK, {"Authorization": header}).status == 200


@pytest.mark.parametrize(
    ("header", "clause"),
    [
        (None, "auth.missing-key"),
        ("", "auth.missing-key"),
        ("Bearer", "auth.missing-key"),
        ("Bearer ", "auth.missing-key"),
        ("Basic dXNlcjpwYXNz", "auth.scheme"),
        ("sk-1", "auth.scheme"),
        ("Token sk-1", "auth.scheme"),
        ("Bearer sk-invalid", "auth.invalid-key"),
        ("Bearer WRONG", "auth.invalid-key"),
        ("Bearer sk-mock-revoked", "auth.invalid-key"),
    ],
)
def test_others_are_refused(mock: Any, client: Any, header: str | None, clause: str) -> None:
    assert client.post(PATH, ASK, {"Authorization": header}).status == 401
    [entry] = mock.requests()
    assert [violation["clause"] for violation in entry["violations"]] == [clause]
    assert entry["effective"] is None


@pytest.mark.parametrize("provider", list(load().providers))
def test_every_provider_refuses_with_401(client: Any, provider: str) -> None:
    path = next(
        endpoint.path
        for endpoint in load().providers[provider].endpoints.values()
        if endpoint.method == "POST"
    )
    for header in (None, "Bearer sk-invalid"):
        assert client.post(f"/{provider}{path}", ASK, {"Authorization": header}).status == 401


def test_a_list_of_keys_lets_in_nobody_else(client_of: Any) -> None:
    with serve(Settings(keys=frozenset({"sk-one", "sk-bad-but-listed"}))) as mock:
        client = client_of(mock)
        assert client.post(PATH, ASK, {"Authorization": "Bearer sk-one"}).status == 200
        assert client.post(PATH, ASK, {"Authorization": "Bearer sk-bad-but-listed"}).status == 200
        assert client.post(PATH, ASK, {"Authorization": "Bearer sk-two"}).status == 401


def test_credentials_come_before_the_body(client: Any) -> None:
    assert client.post(PATH, b"{", {"Authorization": None}).status == 401
