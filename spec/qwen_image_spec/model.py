"""The contract as frozen dataclasses. `loader.py` makes them from the YAML documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qwen_image_spec.evidence import Evidence, Fact, Level, Reaction
from qwen_image_spec.size import Grant

Json = Any
Condition = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Source:
    """A document relied on. `seed` names the file of the seed documents it stands for, if any."""

    id: str
    title: str
    publisher: str
    read: str
    evidence: Evidence
    url: str = ""
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A question on which sources disagree: every value with its source, and our verdict.

    `settled` disputes are decided by a better source; `open` ones make a fact observed, never failed.
    """

    id: str
    row: int
    question: str
    values: tuple[tuple[str, str], ...]
    verdict: str
    settled: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of a provider. `asynchronous` is `required`, `refused` or `none` (the style has no such header)."""

    id: str
    operations: tuple[str, ...]
    method: str
    path: str
    envelope: str
    asynchronous: str
    encodings: tuple[str, ...]
    result: str
    fact: Fact[str]


@dataclass(frozen=True, slots=True)
class Facets:
    """Everything known about the values of one parameter in one situation."""

    supported: Fact[bool]
    required: Fact[bool] | None = None
    default: Fact[Json] | None = None
    range: Fact[tuple[int, int]] | None = None
    enum: Fact[tuple[Json, ...]] | None = None
    length: Fact[int] | None = None
    beyond: Fact[Reaction] | None = None
    grants: tuple[Grant, ...] = ()
    effective: Fact[bool] | None = None


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a model: where it stands on the wire, its type, and its facets by situation.

    `places` maps an endpoint's envelope to JSON pointers, the first being the one we write to.
    `variants` are tried in order; the first whose condition holds replaces `base`.
    """

    name: str
    type: str
    places: Mapping[str, tuple[str, ...]]
    base: Facets
    variants: tuple[tuple[Condition, Facets], ...] = ()
    separator: str = "x"
    group: str = "flags"

    @property
    def slug(self) -> str:
        """The name as it stands in clause ids: `negative_prompt` -> `negative-prompt`."""
        return self.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule across fields: when `when` holds, the fields of `forbids` must be absent and those of `requires` present."""

    id: str
    clause: str
    when: Condition
    forbids: tuple[str, ...]
    requires: tuple[str, ...]
    beyond: Fact[Reaction]
    sentence: str


@dataclass(frozen=True, slots=True)
class ImageRule:
    """What input images a model takes. Sides in pixels, bytes per image; None where nothing is known."""

    count: Fact[tuple[int, int]]
    when: Condition = field(default_factory=dict)
    side: Fact[tuple[int, int]] | None = None
    ratio: Fact[tuple[str, str]] | None = None
    bytes: Fact[int] | None = None
    formats: Fact[tuple[str, ...]] | None = None
    beyond: Fact[Reaction] | None = None
    reactions: Mapping[str, Fact[Reaction]] = field(default_factory=dict)

    def reaction(self, limit: str) -> Fact[Reaction] | None:
        """What happens beyond a limit (`side`, `ratio`, `bytes`, `formats`): its own reaction, else that of the count."""
        return self.reactions.get(limit, self.beyond)


@dataclass(frozen=True, slots=True)
class ResponseField:
    """One field of a success response: JSON pointer with `*` for list items, and the clause that judges it."""

    at: str
    type: tuple[str, ...]
    required: bool
    clause: str
    fact: Fact[str]
    when: Condition = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseShape:
    """The success response of an endpoint: `layout` names the arrangement of images, `usage` its dialect."""

    layout: str
    usage: str
    fields: tuple[ResponseField, ...]
    options: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One row of a provider's error catalogue. `raised_by` are the clauses whose violation it answers."""

    id: str
    status: Fact[int]
    code: str | None
    type: str | None
    message: str
    when: str
    raised_by: tuple[str, ...]
    also: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider, with everything the family and the provider say about it merged in."""

    id: str
    provider: str
    family: str
    operations: tuple[str, ...]
    endpoints: tuple[str, ...]
    params: Mapping[str, Param]
    rules: tuple[Rule, ...]
    images: tuple[ImageRule, ...]
    errors: tuple[ErrorEntry, ...]
    fact: Fact[str]
    alias_of: str | None = None
    snapshots: tuple[str, ...] = ()
    watermark_text: str = ""
    layout: str | None = None
    usage: str | None = None
    limits: Mapping[str, Fact[Json]] = field(default_factory=dict)
    lifetimes: Mapping[str, Fact[int]] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    validates: str = "submit"
    facts: Mapping[str, Fact[Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provider:
    """Who offers the API under one contract."""

    id: str
    title: str
    style: str
    base_url: str
    key_env: str
    source: str
    endpoints: Mapping[str, Endpoint]
    models: Mapping[str, Model]
    families: Mapping[str, tuple[str, ...]]
    responses: Mapping[str, ResponseShape]
    error_shape: str
    error_fields: tuple[ResponseField, ...]
    errors: tuple[ErrorEntry, ...]
    facts: Mapping[str, Fact[Json]]
    regions: Mapping[str, str] = field(default_factory=dict)
    mount: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """One checkable sentence of the contract.

    `fact` says which fact of a model carries it (see `cases.py`); `cap` bounds the level from above. `ends` is 2 for
    clauses that show only between a gateway's two sides; `basis` is the source of a clause that no model's fact carries.
    """

    id: str
    group: str
    sentence: str
    operations: tuple[str, ...]
    fact: str
    since: str
    scope: str = "model"
    cap: Level = Level.MUST
    styles: tuple[str, ...] = ()
    why: str = ""
    hint: str = ""
    ends: int = 1
    basis: Fact[bool] | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What one delivered picture of a model costs."""

    model: str
    amount: str
    currency: str
    source: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Spec:
    """The whole contract: sources, disputes, providers and clauses under one version."""

    version: str
    sources: Mapping[str, Source]
    disputes: Mapping[str, Dispute]
    clauses: Mapping[str, Clause]
    providers: Mapping[str, Provider]
    prices: Mapping[tuple[str, str], Price] = field(default_factory=dict)
