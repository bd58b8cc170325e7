"""Server-sent events: the answer of an interleaving model, part by part, each event a whole answer.

What asks for a stream and what needs one is in the facts `stream.header` and `stream.interleave-sync` of a
model.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.encode import encode_refusal
from qwen_image_mock.transport_faults import EVENTS_TYPE, Manner
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.rules import Violation
from qwen_image_spec.situation import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_image_mock.encode import Refusal
    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.outcome import Outcome
    from qwen_image_spec.model import Model
    from qwen_image_spec.request import ImageRequest

Json = Any
_NEEDS = "stream.interleave-sync"
_HEADER = "stream.header"
_INTERLEAVED = "layout.interleave"
_SWITCH = "enable_interleave"
_WORDS = 3
_OFF = (b"", b"disable", b"false")


def wanted(request: ImageRequest, model: Model, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a stream was asked for, by the model's header or by its parameter."""
    fact = model.facts.get(_HEADER)
    name = str(fact.value).partition(":")[0].strip().lower() if fact is not None else ""
    return headers.get(name.encode(), b"").strip().lower() not in _OFF or request.get("stream") is True


def interleaves(request: ImageRequest, model: Model) -> bool:
    """Whether the answer mixes text and pictures."""
    return _INTERLEAVED in model.facts and value_of(_SWITCH, request, model) is True


def missing(request: ImageRequest, model: Model, headers: Mapping[bytes, bytes]) -> Violation | None:
    """The violation of a synchronous call that needs a stream and asks for none."""
    fact = model.facts.get(_NEEDS)
    if (
        fact is None
        or fact.value is not True
        or not interleaves(request, model)
        or wanted(request, model, headers)
    ):
        return None
    return Violation(
        "stream.required",
        "stream",
        request.get("stream"),
        "a stream",
        Reaction.REJECT,
        fact.level,
        fact.source,
    )


def mixed(outcome: Outcome, request: ImageRequest) -> Outcome:
    """The outcome with as many pictures as the model decides on.

    At most max_images, repeatable for a seed.
    """
    if not interleaves(request, outcome.model):
        return outcome
    most = outcome.effective.get("max_images")
    most = max(1, most) if isinstance(most, int) else 1
    return replace(outcome, count=outcome.drawing.seed % most + 1)


def mixture(outcome: Outcome, pictures: list[str]) -> list[dict[str, Json]]:
    """The content of an interleaved answer: a text before each picture, and one after the last."""
    parts: list[dict[str, Json]] = []
    for index, picture in enumerate(pictures):
        text = f"{outcome.prompt} ({index + 1} of {len(pictures)})\n"
        parts += [{"type": "text", "text": text}, {"type": "image", "image": picture}]
    return [*parts, {"type": "text", "text": "That is all."}]


def interleaved(body: dict[str, Json], outcome: Outcome, pictures: list[str]) -> dict[str, Json]:
    """A whole answer with its pictures among text, when the outcome interleaves."""
    if outcome.effective.get(_SWITCH) is True and _INTERLEAVED in outcome.model.facts:
        parts = mixture(outcome, pictures)
        body["output"]["choices"][0]["message"]["content"] = parts
        body["usage"] = _used(body["usage"], outcome, sum(_tokens(part) for part in parts))
    return body


def events(body: dict[str, Json], outcome: Outcome) -> Iterator[dict[str, Json]]:
    """The answer as events.

    One part each, long texts in several, `finish_reason` the text null until the last.
    """
    parts = [piece for part in body["output"]["choices"][0]["message"]["content"] for piece in _pieces(part)]
    tokens = 0
    for index, part in enumerate(parts):
        tokens += _tokens(part)
        reason = "stop" if index == len(parts) - 1 else "null"
        message = {"role": "assistant", "content": [part]}
        yield {
            **body,
            "output": {**body["output"], "choices": [{"finish_reason": reason, "message": message}]},
            "usage": _used(body["usage"], outcome, tokens),
        }


def put(exchange: Exchange, answers: list[dict[str, Json]], failing: Refusal | None = None) -> None:
    """Make the answer a stream of these events; with `failing`, half of them and then an error event."""
    manner = exchange.manner or Manner()
    manner.content_type = EVENTS_TYPE
    if failing is not None:
        answers = answers[: max(1, len(answers) // 2)]
    manner.parts = [event(index, answer) for index, answer in enumerate(answers, 1)]
    if failing is not None:
        error = encode_refusal(failing, exchange.provider, exchange.id)
        manner.parts.append(event(len(answers) + 1, error, failing.status))
        answers = [*answers, error]
    exchange.manner = manner
    exchange.answer = answers


def event(number: int, answer: dict[str, Json], status: int = 200) -> bytes:
    """One event as it stands on the wire."""
    kind = "result" if status == 200 else "error"
    return b"id:%d\nevent:%s\n:HTTP_STATUS/%d\ndata:%s\n\n" % (
        number,
        kind.encode(),
        status,
        orjson.dumps(answer),
    )


def _pieces(part: dict[str, Json]) -> Iterator[dict[str, Json]]:
    text = part.get("text")
    if text is None:
        yield part
        return
    words = text.split(" ")
    for start in range(0, len(words), _WORDS):
        gap = " " if start + _WORDS < len(words) else ""
        yield {"type": "text", "text": " ".join(words[start : start + _WORDS]) + gap}


def _tokens(part: dict[str, Json]) -> int:
    """About as many tokens as a text has; a picture has none."""
    return -(-len(part.get("text", "")) // 4)


def _used(usage: dict[str, Json], outcome: Outcome, tokens: int) -> dict[str, Json]:
    asked = max(1, len(outcome.prompt) // 2)
    return {**usage, "input_tokens": asked, "output_tokens": tokens, "total_tokens": asked + tokens}
