"""Marks in prompts: found again behind a gateway, and harmless before it."""

from __future__ import annotations

from dataclasses import replace

import orjson

from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Probe, Tier
from qwen_image_conformance.prompts import PLAIN, long_text
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_conformance.upstream.tokens import TOKEN, Tokens, marked, prepared
from qwen_image_spec import load
from qwen_image_spec.model import Provider

SPEC = load()
MODEL = "qwen-image-2.0"


def _provider() -> Provider:
    return SPEC.providers["dieyuyun"]


def _probes() -> tuple[Probe, ...]:
    return make_plan(SPEC, _provider(), [MODEL], Tier.CORE, both_ends=True).probes


def _probe(name: str) -> Probe:
    return next(probe for probe in _probes() if probe.id.startswith(name))


def test_a_token_stands_at_the_end_of_the_prompt_and_in_the_body() -> None:
    probe = marked(_probe("plain:"), "qi-000000-0001")
    assert probe.asked is not None
    assert probe.asked.prompt == orjson.loads(probe.body)["prompt"] == f"{PLAIN} qi-000000-0001"
    assert probe.token == "qi-000000-0001"


def test_a_long_prompt_keeps_its_length() -> None:
    plain = _probe("plain:")
    assert plain.asked is not None
    text = long_text(800)
    long = replace(
        plain,
        asked=replace(plain.asked, prompt=text),
        body=orjson.dumps({**orjson.loads(plain.body), "prompt": text}),
    )
    sent = orjson.loads(marked(long, "qi-000000-0001").body)["prompt"]
    assert len(sent) == 800
    assert sent.endswith(" qi-000000-0001")


def test_a_request_without_a_prompt_is_left_as_it_is() -> None:
    empty = _probe("prompt.empty")
    assert marked(empty, "qi-000000-0001") == empty


def test_probes_whose_pictures_are_compared_share_a_token_and_others_do_not() -> None:
    sent = prepared(_probes(), _provider(), Gateway(), Tokens())
    tokens = {probe.id.split(":")[0]: probe.token for probe in sent if probe.token}
    assert tokens["plain"] == tokens["explicit"] == tokens["flipped"] == tokens["rich"]
    others = [token for name, token in tokens.items() if name.startswith(("gateway.", "n.", "size."))]
    assert len(set(others)) == len(others)
    assert all(TOKEN.fullmatch(token) for token in tokens.values())


def test_every_request_with_a_readable_prompt_is_marked() -> None:
    for probe in prepared(_probes(), _provider(), Gateway(), Tokens()):
        has_prompt = probe.asked is not None and probe.asked.prompt
        assert bool(probe.token) or not has_prompt, probe.id
        assert probe.token.encode() in probe.body


def test_the_parts_of_a_merged_probe_are_marked_too() -> None:
    rich = next(
        probe
        for probe in prepared(_probes(), _provider(), Gateway(), Tokens())
        if probe.id.startswith("rich:")
    )
    assert rich.splits
    assert all(part.token for part in rich.splits)


def test_runs_share_no_token() -> None:
    assert Tokens().new() != Tokens().new()


def test_a_gateway_is_asked_with_its_own_name_of_a_model() -> None:
    (sent,) = prepared([_probe("plain:")], _provider(), Gateway(models={MODEL: "pictures"}), None)
    assert orjson.loads(sent.body)["model"] == "pictures"
    assert sent.asked is not None
    assert (sent.asked.model, sent.model, sent.token) == (MODEL, MODEL, "")


def test_a_form_is_marked_and_renamed_as_well() -> None:
    provider = SPEC.providers["skyengine"]
    probes = make_plan(SPEC, provider, ["qwen-image-edit"], Tier.CORE, both_ends=True).probes
    form = next(probe for probe in probes if probe.id.startswith("gateway.form:"))
    (sent,) = prepared([form], provider, Gateway(models={"qwen-image-edit": "pictures"}), Tokens())
    assert b'name="model"\r\n\r\npictures\r\n' in sent.body
    assert f"{PLAIN} {sent.token}\r\n".encode() in sent.body


def test_a_plan_with_both_ends_stays_small() -> None:
    assert len(_probes()) < 200
    assert len(make_plan(SPEC, _provider(), [MODEL], Tier.CORE).probes) < len(_probes())


def test_further_parameters_stand_where_the_description_says() -> None:
    rich = _probe("rich:")
    (nested,) = prepared([rich], _provider(), Gateway(extras="parameters"), None)
    body = orjson.loads(nested.body)
    assert {"seed", "watermark", "prompt_extend", "negative_prompt"} == set(body["parameters"])
    assert {"size", "response_format"} <= set(body)
    assert nested.asked == rich.asked


def test_an_object_left_empty_by_a_move_is_left_out() -> None:
    provider = SPEC.providers["skyengine"]
    probes = make_plan(SPEC, provider, ["qwen-image-plus"], Tier.CORE).probes
    rich = next(probe for probe in probes if probe.id.startswith("rich:"))
    (flat,) = prepared([rich], provider, Gateway(extras="top-level"), None)
    body = orjson.loads(flat.body)
    assert "optimize_prompt_options" not in body
    assert body["prompt_extend"] is False
