"""Marks in prompts, by which a request is known again behind a gateway."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace

import orjson

from qwen_image_conformance.probe import Probe
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.upstream.forms import TYPE
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_conformance.upstream.placing import placed
from qwen_image_spec.model import Provider

TOKEN = re.compile(r"qi-[0-9a-f]{6}-[0-9]{4,}")
MARK = "gateway."
_LONG = 200


def only_two_ended(probe: str) -> bool:
    """Whether a probe, by its id, was sent for both ends only: it decides nothing else, and its token is its own."""
    return probe.startswith(MARK)


class Tokens:
    """Tokens of one run: no two runs share one, so that runs at the same mock do not meet."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(3)
        self._made = 0
        self._shared: dict[tuple[str, str], str] = {}

    def new(self) -> str:
        """A token that nobody has."""
        self._made += 1
        return f"qi-{self._run}-{self._made:04d}"

    def of(self, probe: Probe) -> str:
        """The token of a probe. Those whose pictures are compared with each other share one: their prompts must be equal."""
        compared = probe.asked is not None and "seed" in probe.asked and probe.buys
        if not compared or only_two_ended(probe.id):
            return self.new()
        key = (probe.model, probe.operation)
        if key not in self._shared:
            self._shared[key] = self.new()
        return self._shared[key]


def prepared(
    probes: Iterable[Probe], provider: Provider, gateway: Gateway, tokens: Tokens | None
) -> tuple[Probe, ...]:
    """Probes as a gateway is sent them: its names of the models, its places, and marked prompts when there are tokens."""
    return tuple(_prepared(probe, provider, gateway, tokens) for probe in probes)


def _prepared(probe: Probe, provider: Provider, gateway: Gateway, tokens: Tokens | None) -> Probe:
    ready = placed(_renamed(probe, gateway), gateway, provider)
    if tokens is not None:
        ready = marked(ready, tokens.of(probe))
    return replace(ready, splits=prepared(probe.splits, provider, gateway, tokens)) if probe.splits else ready


def _renamed(probe: Probe, gateway: Gateway) -> Probe:
    alias = gateway.alias(probe.model)
    if alias == probe.model:
        return probe
    if probe.headers.get("content-type", "").startswith(TYPE):
        asked, given = (f'name="model"\r\n\r\n{name}\r\n'.encode() for name in (probe.model, alias))
    else:
        asked, given = (b'"model":' + orjson.dumps(name) for name in (probe.model, alias))
    return replace(probe, body=probe.body.replace(asked, given, 1))


def marked(probe: Probe, token: str) -> Probe:
    """The probe with a token at the end of its prompt; a long prompt keeps its length. Unchanged where it has no prompt."""
    prompt = probe.asked.prompt if probe.asked is not None else PLAIN
    if not isinstance(prompt, str) or not prompt:
        return probe
    text = prompt[: -len(token) - 1] + " " + token if len(prompt) > _LONG else f"{prompt} {token}"
    body = probe.body.replace(orjson.dumps(prompt), orjson.dumps(text))
    if probe.headers.get("content-type", "").startswith(TYPE):
        body = probe.body.replace(prompt.encode(), text.encode(), 1)
    if body == probe.body:
        return probe
    asked = replace(probe.asked, prompt=text) if probe.asked is not None else None
    return replace(probe, body=body, asked=asked, token=token)
