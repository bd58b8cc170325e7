"""The particular forms of answers: layouts, wrappers, usage."""

from __future__ import annotations

from typing import Any

MULTIMODAL = "/api/v1/services/aigc/multimodal-generation/generation"


def framed(model: str, **parameters: Any) -> dict[str, Any]:
    return {
        "model": model,
        "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]},
        "parameters": parameters,
    }


def test_qwen_puts_all_pictures_into_one_choice(client: Any) -> None:
    body = client.post(MULTIMODAL, framed("qwen-image-2.0-pro", n=3)).json
    assert sorted(body) == ["output", "request_id", "usage"]
    [choice] = body["output"]["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant"
    assert [list(item) for item in choice["message"]["content"]] == [["image"]] * 3
    assert body["usage"] == {"width": 2048, "height": 2048, "image_count": 3}


def test_wan_gives_one_choice_a_picture(client: Any) -> None:
    body = client.post(MULTIMODAL, framed("wan2.6-t2i", n=2, size="1280*1280")).json
    assert body["output"]["choices"][0]["message"]["content"][0]["type"] == "image"
    assert len(body["output"]["choices"]) == 2
    assert body["output"]["finished"] is True
    assert body["usage"]["size"] == "1280*1280"
    assert body["usage"]["image_count"] == 2


def test_a_sequence_comes_in_one_choice(client: Any) -> None:
    body = client.post(MULTIMODAL, framed("wan2.7-image-pro", n=4, enable_sequential=True)).json
    [choice] = body["output"]["choices"]
    assert len(choice["message"]["content"]) == 4


def test_the_wrapper_of_the_mini_program_platform(client: Any) -> None:
    answer = client.post(f"/xiaohongshu{MULTIMODAL}", framed("qwen-image"))
    body = answer.json
    assert (body["code"], body["error"], body["async"], body["model"]) == (0, "", False, "qwen-image")
    assert body["id"] == body["request_id"] == answer.headers["x-request-id"]
    assert isinstance(body["created"], int)
    assert body["output"]["choices"][0]["message"]["content"][0]["image"].startswith("http")
    refused = client.post(f"/xiaohongshu{MULTIMODAL}", framed("qwen-image", n=9))
    assert refused.status == 400
    assert refused.json["code"] == 400
    assert isinstance(refused.json["error"], str)


def test_usage_of_the_openai_styles(client: Any) -> None:
    ask = {"model": "qwen-image", "prompt": "a cat"}
    assert "usage" not in client.post("/dieyuyun/v1/images/generations", ask).json
    usage = client.post("/skyengine/v1/images/generations", ask).json["usage"]
    assert sorted(usage) == ["input_tokens", "input_tokens_details", "output_tokens", "total_tokens"]


def test_base64_only_where_it_is_known(client: Any) -> None:
    ask = {"model": "qwen-image-2.0-pro", "prompt": "a cat", "response_format": "b64_json"}
    assert "b64_json" in client.post("/dieyuyun/v1/images/generations", ask).json["data"][0]
    native = framed("qwen-image-2.0-pro")
    native["response_format"] = "b64_json"
    assert (
        client.post(MULTIMODAL, native)
        .json["output"]["choices"][0]["message"]["content"][0]["image"]
        .startswith("http")
    )


def test_a_prompt_that_is_cut_is_cut(client: Any, mock: Any) -> None:
    assert client.post(MULTIMODAL, framed("qwen-image-2.0-pro", negative_prompt="x" * 600)).status == 200
    entry = mock.requests()[0]
    assert len(entry["effective"]["negative_prompt"]) == 500
    assert entry["violations"][0]["reaction"] == "truncate"
