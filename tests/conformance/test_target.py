"""Base URLs that repeat what the paths begin with, and where the key comes from."""

from __future__ import annotations

import pytest

from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.target import fold, is_local, make_target
from qwen_image_spec.model import Spec

FOLDED = [
    ("dieyuyun", "http://h:1", "http://h:1"),
    ("dieyuyun", "http://h:1/", "http://h:1"),
    ("dieyuyun", "http://h:1/v1", "http://h:1"),
    ("dieyuyun", "http://h:1/v1/", "http://h:1"),
    ("dieyuyun", "https://h/prefix", "https://h/prefix"),
    ("dieyuyun", "https://h/prefix/", "https://h/prefix"),
    ("dieyuyun", "https://h/prefix/v1", "https://h/prefix"),
    ("dieyuyun", "https://h/prefix/v1/", "https://h/prefix"),
    ("dieyuyun", "https://h/v1/images/generations", "https://h"),
    ("dieyuyun", "https://h/av1", "https://h/av1"),
    ("dieyuyun", "https://v1", "https://v1"),
    ("dieyuyun", "https://h/v1/x", "https://h/v1/x"),
    ("dashscope", "https://h/api/v1", "https://h"),
    ("dashscope", "https://h/api/v1/", "https://h"),
    ("dashscope", "https://h/api", "https://h"),
    ("dashscope", "https://h/prefix/api/v1", "https://h/prefix"),
    ("dashscope", "https://h/v1", "https://h/v1"),
    ("dashscope-compatible", "https://h/compatible-mode/v1", "https://h"),
    ("dashscope-compatible", "https://h/compatible-mode/v1/", "https://h"),
    ("dashscope-compatible", "https://h/p/compatible-mode/v1", "https://h/p"),
]


@pytest.mark.parametrize(("provider", "url", "base"), FOLDED)
def test_an_ending_that_the_paths_repeat_is_folded(spec: Spec, provider: str, url: str, base: str) -> None:
    assert fold(url, spec.providers[provider]) == base


@pytest.mark.parametrize(
    "provider", ["dieyuyun", "skyengine", "dashscope", "dashscope-compatible", "xiaohongshu"]
)
def test_the_documented_address_is_left_as_it_is(spec: Spec, provider: str) -> None:
    known = spec.providers[provider]
    assert fold(known.base_url, known) == known.base_url.rstrip("/")


def test_the_key_named_comes_before_the_common_one_and_that_before_the_providers(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = spec.providers["skyengine"]
    monkeypatch.setenv(provider.key_env, "sk-own")
    assert make_target(provider, "https://h").key == "sk-own"
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", "sk-common")
    assert make_target(provider, "https://h").key == "sk-common"
    monkeypatch.setenv("MY_KEY", "sk-named")
    target = make_target(provider, "https://h", "MY_KEY")
    assert (target.key, target.variable) == ("sk-named", "MY_KEY")


def test_a_key_named_but_not_set_is_told_even_when_another_is(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", "sk-common")
    with pytest.raises(UsageProblem, match="MY_KEY"):
        make_target(spec.providers["dieyuyun"], "http://127.0.0.1:1", "MY_KEY")


def test_only_a_server_on_this_machine_may_go_without_a_key(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = spec.providers["skyengine"]
    monkeypatch.delenv(provider.key_env, raising=False)
    assert make_target(provider, "http://127.0.0.1:1").key
    with pytest.raises(UsageProblem) as told:
        make_target(provider, "https://gw.example.com")
    assert provider.key_env in told.value.hint


@pytest.mark.parametrize("url", ["gw.example.com", "ftp://h", "", "http://", "127.0.0.1:8000"])
def test_what_is_no_address_is_told(spec: Spec, url: str) -> None:
    with pytest.raises(UsageProblem):
        make_target(spec.providers["dieyuyun"], url)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
        ("http://a.localhost", True),
    ],
)
def test_local_means_the_loopback(url: str, local: bool) -> None:
    assert is_local(url) is local
