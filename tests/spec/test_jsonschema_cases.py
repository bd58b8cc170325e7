"""Situations: what holds of a parameter only when another one has a value, or when there are input images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from qwen_image_spec import jsonschema as schemas
from qwen_image_spec import load_provider

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = """\
provider: mine
extends: dieyuyun
endpoints:
  native: {operations: [generate, edit], method: POST, path: /native, envelope: messages, result: data}
families:
  mine:
    operations: [generate, edit]
    endpoints: [native, generations]
    models: {a-model: {}}
    facts: {messages.single: {value: true}}
    parameters:
      series: {at: /parameters/series, type: boolean, default: false}
      n:
        at: {flat: /n, messages: /parameters/n}
        range: [1, 4]
        cases:
          - {when: {series: true}, range: [1, 12]}
      size: {at: /parameters/size, type: size, separator: "*", default: 2K, beyond: reject,
             grants: [{tokens: {1K: 1024x1024, 2K: 2048x2048}}, {side: [768, 2048], ratio: ["1:8", "8:1"]}]}
      thinking:
        at: /parameters/thinking
        type: boolean
        cases:
          - {when: {series: true}, supported: false, beyond: reject}
      strength: {at: /parameters/strength, type: number, range: [0, 1], beyond: clamp}
      tone: {at: /parameters/tone, type: string, enum: [warm, cold],
             beyond: {value: reject, evidence: unknown}}
    rules:
      - {id: r1, clause: n.count, when: {images: present}, forbids: [series], beyond: reject,
         sentence: No series with images.}
    images:
      - {count: [0, 3], beyond: reject}
"""
TEXT, IMAGE = {"text": "x"}, {"image": "https://a/b.png"}


@pytest.mark.parametrize(
    ("content", "parameters", "good"),
    [
        ([TEXT], {"n": 4}, True),
        ([TEXT], {"n": 5}, False),
        ([TEXT], {"n": 12, "series": True}, True),
        ([TEXT], {"n": 13, "series": True}, False),
        ([TEXT], {"n": 5, "series": False}, False),
        ([TEXT], {"thinking": True}, True),
        ([TEXT], {"thinking": True, "series": True}, False),
        ([TEXT, IMAGE, IMAGE, IMAGE], {}, True),
        ([TEXT, IMAGE, IMAGE, IMAGE, IMAGE], {}, False),
        ([TEXT, IMAGE], {"series": True}, False),
        ([TEXT], {"size": "2K"}, True),
        ([TEXT], {"size": "800*900"}, True),
        ([TEXT], {"size": "4K"}, False),
        ([TEXT], {"size": "800x900"}, False),
        ([TEXT], {"strength": 7}, True),
        ([TEXT], {"tone": "loud"}, True),
        ([IMAGE], {}, False),
        ([], {}, False),
    ],
)
def test_what_holds_in_a_situation_holds_in_the_schema(
    tmp_path: Path, content: Any, parameters: Any, *, good: bool
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(DOCUMENT, "utf-8")
    provider = load_provider(path)
    schema = schemas.request_schema(provider, provider.models["a-model"], provider.endpoints["native"])
    Draft202012Validator.check_schema(schema)
    body = {
        "model": "a-model",
        "input": {"messages": [{"role": "user", "content": content}]},
        "parameters": parameters,
    }
    assert Draft202012Validator(schema).is_valid(body) is good
