"""The pytest plugin: fixtures for other people's tests."""

# the address is that of our own mock
from __future__ import annotations

import json
import urllib.request
from typing import Any


def generate(url: str, **fields: Any) -> int:
    body = json.dumps({"model": "qwen-image-2.0", "prompt": "a cat", **fields}).encode()
    request = urllib.request.Request(
        f"{url}/v1/images/generations",
        body,
        {"Content-Type": "application/json", "Authorization": "Bearer sk-1"},
    )
    with urllib.request.urlopen(request) as answer:
        return int(answer.status)


def test_the_address_is_that_of_the_mock(qwen_image_mock: Any, qwen_image_mock_url: str) -> None:
    assert qwen_image_mock.url == qwen_image_mock_url
    assert generate(qwen_image_mock_url) == 200
    assert len(qwen_image_mock.requests()) == 1
    assert qwen_image_mock.violations == []


def test_each_test_starts_with_an_empty_mock(qwen_image_mock: Any) -> None:
    assert qwen_image_mock.requests() == []
    qwen_image_mock.fault("throttle", times=1)


def test_violations_are_listed(qwen_image_mock: Any) -> None:
    generate(qwen_image_mock.url, quality="high")
    assert [violation["clause"] for violation in qwen_image_mock.violations] == ["request.unknown-field"]
