"""From recorded exchanges to a provider's document: what a target was seen to do, beside what is known of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qwen_image_conformance.checks.fields import REFUSAL, SUCCESS, TASK
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.judge import judge
from qwen_image_conformance.learn_answers import answers, errors
from qwen_image_conformance.learn_counts import counts, default_count
from qwen_image_conformance.learn_parameters import (
    default_form,
    default_switches,
    ignored_forms,
    refused_parameters,
    upstream_defaults,
)
from qwen_image_conformance.learn_pixels import default_size, sizes
from qwen_image_conformance.learn_reading import Learned, allowed, of_model, served
from qwen_image_conformance.learn_refusals import catalogue, refusals
from qwen_image_conformance.learn_sizes import familiar_sizes
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Status
from qwen_image_spec.catalogue import entry_for
from qwen_image_spec.model import Model, Provider, Spec
from qwen_image_spec.size import Size

BARE = "learn-"  # what the probes are called whose pictures are not fetched
_OPERATIONS = ("generate", "edit", "submit")
_WRITTEN = (
    *SUCCESS,
    *TASK,
    *REFUSAL,
    "n.above-maximum",
    "n.below-minimum",
    "n.default",
    "n.count",
    "size.default",
    "size.not-listed",
    "size.accepted",
    "watermark.default",
    "prompt-extend.default",
    "response-format.default",
    "errors.status",
    "errors.code",
    "model.served",
)


@dataclass(frozen=True)
class Lesson:
    """What was learned: of a model each, or of the whole provider (None). `beside` is what no document can say."""

    learned: tuple[tuple[Model | None, Learned], ...]
    beside: tuple[str, ...]
    models: tuple[str, ...]
    exchanges: int

    @property
    def different(self) -> list[tuple[Model | None, Learned]]:
        """What is otherwise than the known document says."""
        return [(model, one) for model, one in self.learned if not one.known]


def learn(
    spec: Spec, provider: Provider, exchanges: Sequence[Exchange], load: Callable[[str], bytes]
) -> Lesson:
    """Learn from exchanges what a target does. `load` gives the bytes of a picture by its digest."""
    everything = [Seen(spec, provider, exchange, load) for exchange in exchanges]
    familiar = familiar_sizes(spec)
    found: list[tuple[Model | None, Learned]] = []
    asked: list[str] = []
    for model in provider.models.values():
        group = list(of_model(everything, model))
        if not group:
            continue
        asked.append(model.id)
        if (gone := _gone(provider, model, group)) is not None:
            found.append((model, gone))
            everything = [seen for seen in everything if seen.exchange.model != model.id]
            continue
        found += [(model, one) for one in _of_model(model, group, familiar)]
    found += catalogue(provider, refusals(everything))
    found += [(None, one) for one in answers(provider, everything)]
    found += [(None, one) for one in errors(spec, provider, everything)]
    beside = _beside(spec, provider, exchanges, load, tuple(asked))
    return Lesson(tuple(found), beside, tuple(asked), len(exchanges))


def _of_model(model: Model, group: list[Seen], familiar: frozenset[Size]) -> Iterator[Learned]:
    yield from sizes(model, group, familiar)
    yield from counts(model, group)
    by_operation = [[seen for seen in group if seen.exchange.operation == one] for one in _OPERATIONS]
    upstream = list(upstream_defaults(model, group))
    seen = {one.place for one in upstream}
    yield from upstream
    for learned in (
        *default_size(model, group),
        *default_count(model, group),
        *default_switches(model, by_operation),
        *default_form(model, group),
    ):
        if learned.place not in seen:
            yield learned
    yield from refused_parameters(model, group)
    yield from ignored_forms(model, group)


def _gone(provider: Provider, model: Model, group: Sequence[Seen]) -> Learned | None:
    """That a model is not served: nothing came of it, and legal requests got the answer for unknown models."""
    entry = entry_for("model.unknown", provider, None)
    statuses = {404} if entry is None else {entry.status.value, *entry.also}
    legal = [seen for seen in group if allowed(seen) and not seen.exchange.breaks]
    if served(group) or not legal or not all(seen.status in statuses for seen in legal):
        return None
    words = f"{model.id} is not served: {legal[0].came}"
    return Learned((), None, known=False, words=words, seen=(legal[0].exchange.id,))


def _beside(
    spec: Spec,
    provider: Provider,
    exchanges: Sequence[Exchange],
    load: Callable[[str], bytes],
    models: tuple[str, ...],
) -> tuple[str, ...]:
    """Broken clauses of which a provider's document has nothing to say."""
    judged = [exchange for exchange in exchanges if not exchange.probe.startswith(BARE)]
    told = {
        f"{result.case.clause}: {spec.clauses[result.case.clause].sentence} Seen: {result.actual}"
        for result in judge(spec, provider, judged, load, models)
        if result.status in (Status.FAIL, Status.WARN) and result.case.clause not in _WRITTEN
    }
    return tuple(sorted(told))
