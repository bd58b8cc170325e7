"""Where providers answer, and that odd spellings of a path are answered and never redirected."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings
from qwen_image_spec import load

FLAT = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}
FRAMED = {
    "model": "qwen-image-2.0-pro",
    "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]},
    "parameters": {},
}
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"


@pytest.mark.parametrize(
    ("path", "document", "provider"),
    [
        ("/v1/images/generations", FLAT, "dieyuyun"),
        ("/images/generations", FLAT, "dieyuyun"),
        ("/dieyuyun/v1/images/generations", FLAT, "dieyuyun"),
        ("/dieyuyun/images/generations", FLAT, "dieyuyun"),
        (NATIVE, FRAMED, "dashscope"),
        (f"/dashscope{NATIVE}", FRAMED, "dashscope"),
        (f"/dashscope{NATIVE}/", FRAMED, "dashscope"),
        (f"//dashscope//{NATIVE}//", FRAMED, "dashscope"),
        ("/v1//images/generations", FLAT, "dieyuyun"),
        ("/v1/images/generations/", FLAT, "dieyuyun"),
        ("/skyengine/v1/images/generations", {**FLAT, "model": "qwen-image"}, "skyengine"),
        (
            "/compatible-mode/v1/images/generations",
            {**FLAT, "model": "qwen-image-3.0"},
            "dashscope-compatible",
        ),
        (
            "/dashscope-compatible/compatible-mode/v1/images/generations",
            {**FLAT, "model": "qwen-image-3.0"},
            "dashscope-compatible",
        ),
        (
            "/dashscope-compatible/v1/images/generations",
            {**FLAT, "model": "qwen-image-3.0"},
            "dashscope-compatible",
        ),
    ],
)
def test_paths_lead_to_their_provider(
    mock: Any, client: Any, path: str, document: Any, provider: str
) -> None:
    answer = client.post(path, document)
    assert answer.status == 200, answer.body
    assert mock.requests()[-1]["provider"] == provider


def test_another_provider_may_answer_without_a_name(client_of: Any) -> None:
    with serve(Settings(openai_provider="skyengine")) as mock:
        client_of(mock).post("/v1/images/generations", {**FLAT, "model": "qwen-image"})
        assert mock.requests()[0]["provider"] == "skyengine"


@pytest.mark.parametrize("suffix", ["", "/", "//"])
def test_tasks_with_any_number_of_slashes(client: Any, suffix: str) -> None:
    answer = client.get(f"/api/v1/tasks/abc{suffix}")
    assert answer.status == 200
    assert answer.json["output"] == {"task_id": "abc", "task_status": "UNKNOWN"}
    assert (
        client.post(f"/api/v1//tasks/abc/cancel{suffix}", {"model": "", "parameters": {}, "input": ""}).status
        == 400
    )


@pytest.mark.parametrize("provider", list(load().providers))
def test_unknown_paths_and_methods_are_refused_in_the_providers_shape(client: Any, provider: str) -> None:
    contract = load().providers[provider]
    for answer in (
        client.post(f"/{provider}/v1/nothing", {}),
        client.get(f"/{provider}{next(iter(contract.endpoints.values())).path}"),
    ):
        assert 400 <= answer.status < 500
        assert answer.headers["x-request-id"]
        wanted = {"openai": "error", "native": "message", "wrapper": "error"}[contract.error_shape]
        assert answer.json[wanted]


def test_a_refused_method_says_which_are_taken(client: Any) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = client.send(method, "/v1/images/generations")
        assert answer.status == 405
        assert answer.headers["allow"] == "POST, OPTIONS"
    assert client.send("HEAD", "/v1/images/generations").status == 405


def test_browsers_may_ask(client: Any) -> None:
    answer = client.send(
        "OPTIONS", "/v1/images/generations", headers={"Origin": "http://app.example", "Authorization": None}
    )
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert client.post("/v1/images/generations", FLAT).headers["access-control-allow-origin"] == "*"
