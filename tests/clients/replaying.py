"""Four ways to send an example: plain HTTP, and the packages that the documents' own code uses."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import dashscope
import httpx
import openai
import requests
from dashscope.aigc.image_synthesis import ImageSynthesis

from clients.examples import Example
from clients.wire import KEY, send

Json = Any
_NAMED = ("model", "prompt", "size", "n", "response_format")
_GENERATIONS = "/images/generations"


@dataclass(frozen=True)
class Answer:
    """What a client was told: the HTTP status, and the document as far as the client shows it."""

    status: int
    document: Json


def by_plain_http(url: str, example: Example) -> Answer:
    """Send the example's body as it is written, in UTF-8, as curl does."""
    body = json.dumps(example.body, ensure_ascii=False).encode()
    headers = {"Authorization": f"Bearer {KEY}", **example.headers}
    path = urlsplit(url).path + example.endpoint.path
    answer = send(url, path, body, headers, method=example.endpoint.method)
    return Answer(answer.status, answer.json)


def by_requests(url: str, example: Example) -> Answer:
    """Send it as the sample of seed 004 does: `requests.post(url, headers=..., json=...)`."""
    headers = {"Authorization": f"Bearer {KEY}", **example.headers}
    answer = requests.post(url + example.endpoint.path, headers=headers, json=example.body, timeout=30)
    return Answer(answer.status_code, answer.json())


def by_openai(url: str, example: Example) -> Answer:
    """Send it with the `openai` package: what it does not know by name goes into `extra_body`."""
    head, _, tail = example.endpoint.path.partition("/images/")
    with openai.OpenAI(base_url=url + head, api_key=KEY, max_retries=0) as client:
        try:
            if f"/images/{tail}" != _GENERATIONS:
                answer = client.post(f"/images/{tail}", body=example.body, cast_to=httpx.Response)
                return Answer(answer.status_code, answer.json())
            named: Any = {name: example.body[name] for name in _NAMED if name in example.body}
            extra = {name: value for name, value in example.body.items() if name not in _NAMED}
            raw = client.images.with_raw_response.generate(**named, extra_body=extra or None)
        except openai.APIStatusError as error:
            return Answer(error.status_code, error.response.json())
        return Answer(raw.http_response.status_code, raw.http_response.json())


def by_dashscope(url: str, example: Example) -> Answer:
    """Send it with the `dashscope` package; `dashscope.base_http_api_url` must lead to `url` already."""
    assert dashscope.base_http_api_url.startswith(url)
    body = copy.deepcopy(example.body)
    parameters, sent = body["parameters"], body["input"]
    common = {"model": body["model"], "api_key": KEY}
    answer: Any
    if "messages" in sent:
        answer = dashscope.MultiModalConversation.call(**common, messages=sent["messages"], **parameters)
    else:
        answer = ImageSynthesis.async_call(**common, prompt=sent["prompt"], **parameters)
    return Answer(int(answer.status_code), json.loads(json.dumps(answer)))
