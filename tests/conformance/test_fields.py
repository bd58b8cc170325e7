"""Every documented field of every answer: left out, or of another type, its clause no longer passes.

Judged on recordings of the right server whose answers are spoilt afterwards: hundreds of them cost seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from defects.generated_fields import Found, alter, fields_at
from defects.places import SPEC, levels, plan_of
from defects.stage import Stage
from qwen_image_conformance.campaign import run
from qwen_image_conformance.checks import CHECKS
from qwen_image_conformance.exchange import Exchange, Received
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.target import make_target

# One model for every documented shape of an answer.
MODELS = [
    ("dieyuyun", "qwen-image-2.0"),
    ("skyengine", "qwen-image-plus"),
    ("dashscope-compatible", "qwen-image-3.0"),
    ("xiaohongshu", "qwen-image"),
    ("dashscope", "qwen-image-2.0"),
    ("dashscope", "qwen-image-plus"),
    ("dashscope", "qwen-image-3.0"),
    ("dashscope", "wan2.6-t2i"),
    ("dashscope", "wan2.2-t2i-flash"),
]
# Without these there are no pictures to judge: another clause tells.
_TOLD_BY = {
    ("task", "/output"): "tasks.status",
    ("task", "/output/results"): "tasks.delivers",
    ("task", "/output/choices"): "tasks.delivers",
}
# Documented fields of a task's answer whose clauses name no operation `submit`, so that no case judges them.
_NO_CASE = frozenset(
    {
        "response.choices",
        "response.finish-reason",
        "response.role",
        "response.content",
        "response.image-url",
        "response.extras",
        "usage.size",
        "usage.tokens",
    }
)


def _pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "images").iterdir()}


@cache
def recorded(url: str, provider_id: str, model: str) -> tuple[tuple[Exchange, ...], dict[str, bytes]]:
    provider = SPEC.providers[provider_id]
    with TemporaryDirectory() as folder:
        done = run(
            SPEC,
            provider,
            make_target(provider, f"{url}/{provider_id}"),
            plan_of(provider_id, model, "core"),
            Path(folder),
        )
        assert done.exit_code == 0
        return tuple(done.exchanges), _pictures(Path(folder))


def spoilt(exchange: Exchange, found: Found, *, drop: bool) -> Exchange | None:
    """The exchange with the field spoilt; None where it has no answer of that kind."""
    kind = "refusal" if exchange.received.status >= 400 else "answer"
    if found.kind == "task" and exchange.polls:
        return replace(exchange, polls=tuple(_spoil(poll, found, drop=drop) for poll in exchange.polls))
    if found.kind == kind:
        return replace(exchange, received=_spoil(exchange.received, found, drop=drop))
    return None


def _spoil(answer: Received, found: Found, *, drop: bool) -> Received:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    alter(body, found.field.at, found.field, drop=drop)
    return replace(answer, body=json.dumps(body).encode())


def _complaints(
    exchanges: tuple[Exchange, ...], load: dict[str, bytes], found: Found, *, drop: bool
) -> Iterator[str]:
    clause = _TOLD_BY.get((found.kind, found.field.at), found.field.clause)
    for exchange in exchanges:
        changed = spoilt(exchange, found, drop=drop)
        if changed is None or (clause, exchange.operation) not in levels(found.provider.id, found.model.id):
            continue
        verdict = CHECKS[clause](Seen(SPEC, found.provider, changed, lambda digest: load.get(digest, b"")))
        if verdict is not None and verdict.ok is False:
            if verdict.level is not None:
                assert verdict.level.rank <= found.field.fact.level.rank, (found.field.at, verdict)
            yield str(verdict.actual)


def _judged(found: Found) -> bool:
    operations = {
        operation
        for name, operation in levels(found.provider.id, found.model.id)
        if name == found.field.clause
    }
    if found.kind == "task" and "submit" not in operations:
        assert found.field.clause in _NO_CASE
        return False
    return bool(operations)


@pytest.mark.parametrize(("provider_id", "model"), MODELS)
def test_a_spoilt_field_is_seen(stage: Stage, stage_url: str, provider_id: str, model: str) -> None:
    with stage.broken():
        exchanges, load = recorded(stage_url, provider_id, model)
    provider = SPEC.providers[provider_id]
    unseen, tried = [], 0
    for found in fields_at(provider, provider.models[model]):
        if not _judged(found):
            continue
        for drop in (True, False) if found.field.required else (False,):
            tried += 1
            if not any(_complaints(exchanges, load, found, drop=drop)):
                unseen.append(
                    (
                        found.kind,
                        found.field.at,
                        found.field.clause,
                        "left out" if drop else "of another type",
                    )
                )
    assert tried > 8
    assert not unseen, "\n".join(map(str, unseen))
