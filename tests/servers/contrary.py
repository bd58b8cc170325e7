"""A right server that answers every open question the other way round than the mock does.

What nobody documents is refused where the mock takes it and taken where the mock refuses it; defaults on
which sources disagree are other ones; fields that are disputed are left out or of another type.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from defects.generated_fields import Found, alter, fields_at
from defects.generated_refusals import CLAUSES
from defects.mistakes import mistake
from defects.places import SPEC
from defects.reading import Reading, put_in_order, put_out_of_order, read
from defects.wrap import Answer, Asked, Defect
from qwen_image_spec.cases import cases
from qwen_image_spec.dialect import dialect
from qwen_image_spec.evidence import Level, Reaction
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.rules import Violation, check
from qwen_image_spec.situation import facets_of

_ALWAYS_CLEAR = ("auth.missing-key", "auth.invalid-key", "auth.scheme")
_OTHERS: dict[str, tuple[Any, ...]] = {
    "n": (2, 1),
    "watermark": (True, False),
    "prompt_extend": (False, True),
    "size": ("1024*1536", "1536*1024", "1104*1472", "2K", "1K", "1024x1536"),
}


def contrary(provider: Provider, model: Model) -> Defect:
    """The wrapper for one model. It is no defect: nothing it does may fail or warn."""
    return Defect(
        "contrary",
        "",
        provider.id,
        model.id,
        request=_Asking(provider, model),
        answer=_Answering(provider, model),
    )


@cache
def open_clauses(provider_id: str, model_id: str) -> frozenset[str]:
    """The clauses that are nowhere more than observed at this model."""
    levels: dict[str, int] = {}
    for case in cases(SPEC, SPEC.providers[provider_id], (model_id,)):
        levels[case.clause] = max(levels.get(case.clause, 0), case.level.rank)
    return frozenset(clause for clause, rank in levels.items() if rank == Level.OBSERVE.rank)


class _Asking:
    """Turns open questions about requests round."""

    def __init__(self, provider: Provider, model: Model) -> None:
        self._provider, self._model = provider, model
        self._open = open_clauses(provider.id, model.id)
        self._tests = [
            mistake(clause) for clause in CLAUSES if clause in self._open and clause not in _ALWAYS_CLEAR
        ]

    def __call__(self, asked: Asked) -> Answer | None:
        if (
            not asked.path.startswith(f"/{self._provider.id}/")
            or "authorization" not in asked.headers
            or "sk-invalid" in str(asked.headers)
        ):
            return None
        reading = read(self._provider, asked)
        if reading is not None and any(
            found.refused and not self._is_open(found, reading) for found in reading.violations
        ):
            return None
        if reading is not None and any(found.reaction is Reaction.UNKNOWN for found in reading.violations):
            put_out_of_order(asked)
        elif (reading is not None and any(found.refused for found in reading.violations)) or any(
            test(self._provider, asked) for test in self._tests
        ):
            put_in_order(self._provider, self._model, asked)
        elif reading is not None:
            _other_defaults(asked, reading)
        return None

    def _is_open(self, found: Violation, reading: Reading) -> bool:
        """Whether nobody promises this refusal; of the frame, the clause's own level says so."""
        if found.clause in {flaw.clause for flaw in reading.request.flaws}:
            return found.clause in self._open
        return found.level is Level.OBSERVE


def _other_defaults(asked: Asked, reading: Reading) -> None:
    given: dict[str, Any] = {}
    for name, values in _OTHERS.items():
        param = reading.model.params.get(name)
        facets = facets_of(param, reading.request, reading.model) if param is not None else None
        if facets is None or facets.default is None or not facets.default.open or name in reading.request:
            continue
        for value in values:
            request = type(reading.request)(
                reading.model.id,
                reading.request.prompt,
                reading.request.images,
                {**reading.request.parameters, **given, name: value},
            )
            if value != facets.default.value and not check(request, reading.model):
                given[name] = value
                break
    if given:
        written = dialect(reading.model, reading.endpoint)
        request = type(reading.request)(
            reading.model.id,
            reading.request.prompt,
            reading.request.images,
            {**reading.request.parameters, **given},
        )
        asked.body = {**asked.body, **written.encode(request)}


class _Answering:
    """Leaves out, or gives another type to, every field whose fact is open."""

    def __init__(self, provider: Provider, model: Model) -> None:
        self._fields = list(_open_fields(provider, model))

    def __call__(self, asked: Asked, answer: Answer) -> None:
        kind = "refusal" if answer.status >= 400 else "task" if asked.method == "GET" else "answer"
        for found in self._fields:
            if isinstance(answer.body, dict) and found.kind == kind:
                alter(answer.body, found.field.at, found.field, drop=found.dropped)


def _open_fields(provider: Provider, model: Model) -> Iterator[Found]:
    for found in fields_at(provider, model):
        if found.field.fact.open:
            yield found
