"""What probes that must be accepted are made with: the parameters a model takes in one way, and what it takes beyond doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qwen_image_conformance.probe import Probe, Tier, accepted
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.ways import Way
from qwen_image_spec.model import Facets, Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.situation import facets_of


class Maker:
    """Makes probes whose parameters are only those the model supports."""

    def __init__(self, provider: Provider, model: Model, way: Way) -> None:
        self.provider, self.model, self.way = provider, model, way
        self.bare = way.request(model, PLAIN)

    def facets(self, name: str) -> Facets | None:
        """What the model says of a parameter in this way, None when it does not take it."""
        param = self.model.params.get(name)
        if param is None:
            return None
        facets = facets_of(param, self.bare, self.model)
        return (
            facets
            if facets.supported.value
            and (param.places.get(self.way.endpoint.envelope) or param.places.get("*"))
            else None
        )

    def kept(self, **parameters: Any) -> dict[str, Any]:
        """Those of the parameters that the model takes and whose value is not None."""
        return {
            name: value
            for name, value in parameters.items()
            if value is not None and self.facets(name) is not None
        }

    def one(self) -> int | None:
        """n=1 where leaving n out would buy more."""
        facets = self.facets("n")
        if facets is None or facets.default is None or facets.default.value == 1:
            return None
        return 1

    def form(self, wanted: str) -> str | None:
        """A response format, where there is such a parameter."""
        return wanted if self.facets("response_format") is not None else None

    def sizes(self) -> list[str]:
        """Sizes the documents allow beyond doubt, the default last."""
        facets = self.facets("size")
        if facets is None:
            return []
        separator = self.model.params["size"].separator
        default = facets.default.value if facets.default is not None else None
        listed = [
            size.spell(separator)
            for grant in facets.grants
            for size in sorted(grant.presets)
            if not grant.when
        ]
        if not listed:
            listed = [
                text.replace("x", separator)
                for text in ("1024x1024", "1280x1280", "1536x1536", "1024x1280", "1280x1024", "1440x1280")
            ]
        good = [
            text
            for text in dict.fromkeys(listed)
            if not check(self.way.request(self.model, PLAIN, size=text), self.model)
        ]
        return sorted(good, key=lambda text: text == default)

    def asked(self, prompt: str, parameters: Mapping[str, Any]) -> ImageRequest:
        """A request with those of the parameters that the model takes."""
        return ImageRequest(self.model.id, prompt, self.way.images, self.kept(**parameters))

    def probe(
        self,
        name: str,
        clauses: tuple[str, ...],
        tier: Tier,
        prompt: str = PLAIN,
        *,
        tamper: bool = False,
        **parameters: Any,
    ) -> Probe:
        """An accepted probe with one split for every parameter, for when it is refused."""
        request = self.asked(prompt, parameters)
        splits: list[Probe] = []
        if len(request.parameters) > 1 or (request.parameters and prompt != PLAIN):
            splits += [
                self.split(f"{name}-{key}", PLAIN, {key: value}) for key, value in request.parameters.items()
            ]
            if prompt != PLAIN:
                splits.append(self.split(f"{name}-prompt", prompt, {}))
        if request.parameters or prompt != PLAIN:
            splits.append(self.split(f"{name}-bare", PLAIN, {}))
        return accepted(
            self.provider,
            self.model,
            self.way.operation,
            self.way.endpoint,
            request,
            name,
            clauses,
            tier,
            tuple(splits),
            tamper=tamper,
        )

    def split(self, name: str, prompt: str, parameters: dict[str, Any]) -> Probe:
        """A smaller probe, for when the one it is part of is refused."""
        request = ImageRequest(self.model.id, prompt, self.way.images, parameters)
        return accepted(
            self.provider, self.model, self.way.operation, self.way.endpoint, request, name, (), Tier.SMOKE
        )

    def places(self, name: str) -> tuple[str, ...]:
        """Where this way takes a parameter, the place we write to first."""
        param = self.model.params[name]
        return param.places.get(self.way.endpoint.envelope) or param.places.get("*") or ()
