"""YAML -> `Spec`. `load()` gives the shipped contract, `load_provider()` adds one of your own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from qwen_image_spec import documents
from qwen_image_spec.build import Builder
from qwen_image_spec.evidence import Evidence, Fact, Level
from qwen_image_spec.model import Clause, Dispute, Endpoint, Model, Price, Provider, Source, Spec
from qwen_image_spec.problems import Problem, UnknownName

Data = dict[str, Any]


@cache
def load() -> Spec:
    """The shipped contract. Loaded once per process."""
    about = documents.shipped("spec.yaml")
    sources = _sources()
    disputes = _disputes()
    builder = Builder(sources, {key: dispute.settled for key, dispute in disputes.items()})
    providers = {
        name: build_provider(documents.provider_document(name), builder) for name in about["providers"]
    }
    return Spec(
        about["version"], sources, disputes, _clauses(about["version"], sources), providers, _prices()
    )


def load_provider(path: Path) -> Provider:
    """A provider of your own from a YAML file that may `extends` a shipped one. Raises SpecError with every mistake."""
    from qwen_image_spec.validate import check_document  # needs jsonschema, which start-up does not

    raw = documents.read_file(path)
    check_document(raw, str(path), path.read_text("utf-8"))
    spec = load()
    own = _own_sources(raw, spec.sources)
    builder = Builder(own, {key: dispute.settled for key, dispute in spec.disputes.items()})
    return build_provider(documents.resolve(raw, str(path)), builder)


def get_provider(name: str, spec: Spec | None = None) -> Provider:
    """The provider of that name; raises UnknownName with the nearest right one."""
    providers = (spec or load()).providers
    if name not in providers:
        raise UnknownName([Problem.unknown("spec", 1, "provider", name, providers)])
    return providers[name]


def get_model(provider: Provider, name: str) -> Model:
    """The model of that name or alias at a provider; raises UnknownName with the nearest right one."""
    if name not in provider.models:
        raise UnknownName([Problem.unknown("spec", 1, f"model of {provider.id}", name, provider.models)])
    return provider.models[name]


def build_provider(document: Data, builder: Builder) -> Provider:
    """One provider from its merged, stamped document."""
    source = document["source"]
    base_params = document.get("parameters", {})
    models: dict[str, Model] = {}
    families: dict[str, tuple[str, ...]] = {}
    for family_id, family in document["families"].items():
        families[family_id] = tuple(family["models"])
        for model_id, own in family["models"].items():
            merged = documents.merge(family, {key: value for key, value in own.items() if value is not None})
            params = documents.merge(
                documents.merge(base_params, family.get("parameters", {})), own.get("parameters", {})
            )
            models[model_id] = _model(document, family_id, model_id, merged, params, builder)
    errors = document.get("errors", {})
    return Provider(
        id=document["provider"],
        title=document["title"],
        style=document["style"],
        base_url=document["base_url"],
        key_env=document.get("key_env", "QWEN_IMAGE_API_KEY"),
        source=source,
        endpoints={key: _endpoint(key, value, builder) for key, value in document["endpoints"].items()},
        models=models,
        families=families,
        responses={key: builder.response(value) for key, value in document["responses"].items()},
        error_shape=errors["shape"],
        error_fields=tuple(builder.response_field(field) for field in errors.get("fields", ())),
        errors=tuple(builder.error(key, value) for key, value in errors.get("entries", {}).items()),
        facts=builder.facts(document.get("facts")),
        regions=document.get("regions", {}),
        mount=document.get("mount", ""),
    )


def _model(
    document: Data, family_id: str, model_id: str, data: Data, params: Data, builder: Builder
) -> Model:
    source = data["source"]
    facts = builder.facts(document.get("facts")) | builder.facts(data.get("facts"))
    rules = [*document.get("rules", ()), *data.get("rules", ())]
    return Model(
        id=model_id,
        provider=document["provider"],
        family=family_id,
        operations=tuple(data["operations"]),
        endpoints=tuple(data["endpoints"]),
        params={name: builder.param(name, value, source) for name, value in params.items() if value},
        rules=tuple(builder.rule(rule) for rule in rules),
        images=tuple(builder.image_rule(rule) for rule in data.get("images", ())),
        errors=tuple(builder.error(key, value) for key, value in data.get("errors", {}).items()),
        fact=builder.fact(
            {
                "value": model_id,
                "source": source,
                **{k: data[k] for k in ("evidence", "dispute", "note") if k in data},
            }
        ),
        alias_of=data.get("alias_of"),
        snapshots=tuple(data.get("snapshots", ())),
        watermark_text=data.get("watermark_text", ""),
        layout=data.get("layout"),
        usage=data.get("usage"),
        limits=builder.facts(document.get("limits")) | builder.facts(data.get("limits")),
        lifetimes=builder.facts(document.get("lifetimes")) | builder.facts(data.get("lifetimes")),
        regions=tuple(data.get("regions", ())),
        validates=data.get("validates", "submit"),
        facts=facts,
    )


def _endpoint(key: str, data: Data, builder: Builder) -> Endpoint:
    return Endpoint(
        key,
        tuple(data["operations"]),
        data["method"],
        data["path"],
        data["envelope"],
        data.get("async", "none"),
        tuple(data.get("encodings", ("json",))),
        data.get("result", ""),
        builder.fact({**data, "value": data["path"]}),
    )


def _sources() -> dict[str, Source]:
    return {key: _source(key, data) for key, data in documents.shipped("sources.yaml").items()}


def _source(key: str, data: Data) -> Source:
    return Source(
        key,
        data["title"],
        data["publisher"],
        str(data["read"]),
        Evidence(data.get("evidence", "documented")),
        data.get("url", ""),
        data.get("seed", ""),
    )


def _own_sources(raw: Data, known: Mapping[str, Source]) -> dict[str, Source]:
    own = {key: _source(key, data) for key, data in (raw.get("sources") or {}).items()}
    return {**known, **own}


def _disputes() -> dict[str, Dispute]:
    return {
        key: Dispute(
            key,
            data.get("row", 0),
            data["question"],
            tuple((value["source"], str(value["value"])) for value in data["values"]),
            data["verdict"],
            data["settled"],
        )
        for key, data in documents.shipped("disputes.yaml").items()
    }


def _clauses(version: str, sources: Mapping[str, Source]) -> dict[str, Clause]:
    clauses: dict[str, Clause] = {}
    for group in documents.shipped_names("clauses"):
        for data in documents.shipped(f"clauses/{group}.yaml"):
            clauses[data["id"]] = Clause(
                data["id"],
                group,
                data["sentence"],
                tuple(data["operations"]),
                data["fact"],
                str(data.get("since", version)),
                data.get("scope", "model"),
                Level(data.get("cap", "MUST")),
                tuple(data.get("styles", ())),
                data.get("why", ""),
                data.get("hint", ""),
                data.get("ends", 1),
                _basis(data.get("source"), sources),
            )
    return clauses


def _basis(source: str | None, sources: Mapping[str, Source]) -> Fact[bool] | None:
    return Fact(True, source, sources[source].evidence) if source is not None else None


def _prices() -> dict[tuple[str, str], Price]:
    return {
        (row["provider"], row["model"]): Price(
            row["model"], str(row["amount"]), row["currency"], row["source"], Evidence(row["evidence"])
        )
        for row in documents.shipped("prices.yaml")
    }
