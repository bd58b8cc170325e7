"""The ways to ask a model: which operation goes through which endpoint, with which input images."""

from __future__ import annotations

from dataclasses import dataclass

from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import image_rule_of

# A 512x512 picture of one colour as a data URI would cost 1 kB in every probe; one made once is shared by all.
_PIXELS = 512


@dataclass(frozen=True, slots=True)
class Way:
    """One operation of a model at one endpoint. `images` are the input images every request of this way carries."""

    operation: str
    endpoint: Endpoint
    images: tuple[str, ...] = ()

    def request(self, model: Model, prompt: str, **parameters: object) -> ImageRequest:
        """A request to the model that goes this way."""
        return ImageRequest(model.id, prompt, self.images, parameters)


def ways(provider: Provider, model: Model) -> list[Way]:
    """Every way to get pictures from a model: generate and edit at once, submit through a task."""
    found = []
    for operation in ("generate", "edit", "submit"):
        endpoint = _endpoint(provider, model, operation)
        if endpoint is not None and operation in model.operations:
            found.append(Way(operation, endpoint, _images(model, operation)))
    return found


def _endpoint(provider: Provider, model: Model, operation: str) -> Endpoint | None:
    for key in model.endpoints:
        endpoint = provider.endpoints[key]
        if operation in endpoint.operations:
            return endpoint
    return None


def _images(model: Model, operation: str) -> tuple[str, ...]:
    if operation == "generate":
        return ()
    rule = image_rule_of(ImageRequest(model.id, images=("x",) if operation == "edit" else ()), model)
    least = rule.count.value[0] if rule is not None else 0
    return (sample_image(),) * max(least, 1 if operation == "edit" else 0)


def sample_image() -> str:
    """A small PNG as a data URI, within every model's limits for input images."""
    return _sample()


def _sample() -> str:
    import base64  # only edits need it
    import io
    from functools import cache

    from PIL import Image

    @cache
    def made() -> str:
        buffer = io.BytesIO()
        Image.new("RGB", (_PIXELS, _PIXELS), (176, 58, 46)).save(buffer, "PNG", optimize=True)
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

    return made()
