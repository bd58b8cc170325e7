"""Stamped documents into dataclasses: parameters, sizes, responses, errors."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from qwen_image_spec.evidence import Evidence, Fact, Reaction
from qwen_image_spec.model import (
    ErrorEntry,
    Facets,
    ImageRule,
    Param,
    ResponseField,
    ResponseShape,
    Rule,
    Source,
)
from qwen_image_spec.size import Grant, literal
from qwen_image_spec.stamp import FACETS

Data = dict[str, Any]


class Builder:
    """Builds the parts of a provider; `sources` gives the evidence of a fact that states none itself."""

    def __init__(self, sources: Mapping[str, Source], disputes: Mapping[str, bool]) -> None:
        self.sources = sources
        self.settled = disputes

    def evidence(self, data: Data) -> Evidence:
        """The evidence of a fact: its own, else its source's; an open dispute makes it disputed."""
        dispute = data.get("dispute")
        if dispute is not None and not self.settled[dispute]:
            return Evidence.DISPUTED
        if "evidence" in data:
            return Evidence(data["evidence"])
        return self.sources[data["source"]].evidence

    def fact(self, data: Data, value: Any = None) -> Fact[Any]:
        """A fact from its long form; `value` replaces the raw value."""
        return Fact(
            data.get("value") if value is None else value,
            data["source"],
            self.evidence(data),
            data.get("dispute"),
            data.get("note", ""),
        )

    def facts(self, section: Data | None) -> dict[str, Fact[Any]]:
        """A mapping of facts."""
        return {key: self.fact(value) for key, value in (section or {}).items() if value is not None}

    def facets(self, data: Data, source: str) -> Facets:
        """The facets of one parameter, or of one of its cases."""
        known: dict[str, Any] = {key: self.fact(data[key]) for key in FACETS if key in data}
        known.setdefault("supported", Fact(True, source, self.sources[source].evidence))
        for key, kind in (("range", tuple), ("enum", tuple), ("beyond", Reaction)):
            if key in known:
                known[key] = self.fact(data[key], kind(data[key]["value"]))
        if "grants" in data:
            known["grants"] = tuple(self.grant(grant) for grant in data["grants"])
        return Facets(**known)

    def grant(self, data: Data) -> Grant:
        """One way for a size to be legal."""
        ratio = data.get("ratio")
        return Grant(
            source=data["source"],
            evidence=self.evidence(data),
            presets=frozenset(literal(text) for text in data.get("presets", ())),
            tokens={name: literal(text) for name, text in data.get("tokens", {}).items()},
            area=tuple(data["area"]) if "area" in data else None,
            side=tuple(data["side"]) if "side" in data else None,
            ratio=(_ratio(ratio[0]), _ratio(ratio[1])) if ratio else None,
            when=data.get("when", {}),
            dispute=data.get("dispute"),
        )

    def param(self, name: str, data: Data, source: str) -> Param:
        """One parameter with its cases."""
        at = data.get("at", ())
        places = at if isinstance(at, dict) else {"*": at}
        return Param(
            name=name,
            type=data.get("type", "any"),
            places={
                key: tuple([value] if isinstance(value, str) else value) for key, value in places.items()
            },
            base=self.facets(data, source),
            variants=tuple(
                (case.get("when", {}), self.facets({**data, **case}, source))
                for case in data.get("cases", ())
            ),
            separator=data.get("separator", "x"),
            group=data.get("group", "flags"),
        )

    def rule(self, data: Data) -> Rule:
        """One rule across fields."""
        beyond = data["beyond"]
        return Rule(
            data["id"],
            data["clause"],
            data.get("when", {}),
            tuple(data.get("forbids", ())),
            tuple(data.get("requires", ())),
            self.fact(beyond, Reaction(beyond["value"])),
            data["sentence"],
        )

    def image_rule(self, data: Data) -> ImageRule:
        """What input images are taken."""
        known: dict[str, Any] = {
            "count": self.fact(data["count"], tuple(data["count"]["value"])),
            "when": data.get("when", {}),
        }
        for key in ("side", "ratio", "formats"):
            if key in data:
                known[key] = self.fact(data[key], tuple(data[key]["value"]))
        if "bytes" in data:
            known["bytes"] = self.fact(data["bytes"])
        if "beyond" in data:
            known["beyond"] = self.fact(data["beyond"], Reaction(data["beyond"]["value"]))
        if "reactions" in data:
            known["reactions"] = {
                key: self.fact(fact, Reaction(fact["value"])) for key, fact in data["reactions"].items()
            }
        return ImageRule(**known)

    def response_field(self, data: Data) -> ResponseField:
        """One field of a response."""
        types = data["type"]
        return ResponseField(
            data["at"],
            tuple([types] if isinstance(types, str) else types),
            data.get("required", False),
            data["clause"],
            self.fact({**data, "value": data["at"]}),
            data.get("when", {}),
        )

    def response(self, data: Data) -> ResponseShape:
        """A success response."""
        options = {
            key: value for key, value in data.items() if key not in ("layout", "usage", "fields", "source")
        }
        return ResponseShape(
            data["layout"],
            data.get("usage", "none"),
            tuple(self.response_field(field) for field in data.get("fields", ())),
            options,
        )

    def error(self, entry_id: str, data: Data) -> ErrorEntry:
        """One row of the error catalogue."""
        return ErrorEntry(
            entry_id,
            self.fact({**data, "value": data["status"]}),
            data.get("code"),
            data.get("type"),
            data["message"],
            data.get("when", ""),
            tuple(data.get("raised_by", ())),
            tuple(data.get("also", ())),
            tuple(data.get("codes", ())),
        )


def _ratio(text: str) -> Decimal:
    left, right = text.split(":")
    return Decimal(left) / Decimal(right)
