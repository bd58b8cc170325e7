"""From a body to an image request a provider would look at: media type, JSON, model, path and header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_mock.aside import form_of, json_of
from qwen_image_mock.bodies import BadBody, encoding_of
from qwen_image_spec.dialect import Dialect, dialect
from qwen_image_spec.evidence import Level, Reaction
from qwen_image_spec.rules import Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_spec.model import Endpoint, Model, Provider

Json = Any
ASYNC_HEADER = b"x-dashscope-async"


class Refused(Exception):  # an outcome, not a mistake of the program
    """The provider refuses the request because of this violation."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.clause)
        self.violation = violation


def refused(clause: str, param: str = "", seen: Json = None, allowed: str = "") -> Refused:
    """The refusal for a broken clause that no parameter rule covers."""
    return Refused(Violation(clause, param, seen, allowed, Reaction.REJECT, Level.MUST, ""))


class Admission:
    """Lets requests in as far as the rules. Keeps each model's names and dialects at hand."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._models = {name: _names(provider) for name, provider in providers.items()}
        self._dialects: dict[tuple[int, int], Dialect] = {}

    def read(self, exchange: Exchange, endpoint: Endpoint, content_type: bytes | None) -> dict[str, Json]:
        """The body as a JSON object, made from a form where the endpoint takes forms.

        Raises Refused when it is neither.
        """
        encoding = encoding_of(content_type)
        if encoding == "multipart" and encoding in endpoint.encodings and content_type is not None:
            try:
                form = exchange.form = form_of(exchange.body, content_type)
            except BadBody as error:
                raise refused(error.clause, "body", None, "multipart/form-data") from None
            return form
        if encoding != "json" or "json" not in endpoint.encodings:
            raise refused(
                "body.media-type",
                "content-type",
                content_type.decode("latin-1") if content_type else "",
                "application/json",
            )
        try:
            return json_of(exchange.body)
        except BadBody as error:
            raise refused(error.clause, "body", None, "a JSON object") from None

    def names(self, provider: Provider) -> Mapping[str, Model]:
        """A provider's models by every name they go by."""
        return self._models[provider.id]

    def model(self, name: Json, provider: Provider, endpoint: Endpoint) -> Model:
        """The model a request names.

        Raises Refused when it is missing, no text, not served, or not served here.
        """
        if isinstance(name, str):
            model = self._models[provider.id].get(name)
            if model is None:
                raise refused(
                    "model.missing" if not name else "model.unknown",
                    "model",
                    name,
                    "a model of this provider",
                )
            if endpoint.id not in model.endpoints:
                raise Refused(
                    Violation(
                        "model.endpoint",
                        "model",
                        name,
                        "the paths documented for the model",
                        Reaction.REJECT,
                        Level.MUST,
                        model.fact.source,
                    )
                )
            return model
        if name is None:
            raise refused("model.missing", "model", None, "a model of this provider")
        raise refused("model.type", "model", name, "a string")

    def asynchronous(self, endpoint: Endpoint, header: bytes | None) -> bool:
        """Whether the request becomes a task.

        Raises Refused when the header is needed and absent, or present and refused.
        """
        wanted = header is not None and header.strip().lower() not in (b"", b"disable", b"false")
        if endpoint.asynchronous == "required" and not wanted:
            raise refused("async.required", "X-DashScope-Async", None, "enable")
        if endpoint.asynchronous == "refused" and wanted:
            raise refused("async.refused", "X-DashScope-Async", "enable", "absent")
        return wanted and endpoint.asynchronous in ("required", "optional")

    def dialect(self, model: Model, endpoint: Endpoint) -> Dialect:
        """How the model's requests are spelled at the endpoint."""
        key = (id(model), id(endpoint))
        found = self._dialects.get(key)
        if found is None:
            found = self._dialects[key] = dialect(model, endpoint)
        return found


def unknown_fields(pointers: tuple[str, ...], *, strict: bool) -> list[Violation]:
    """The violations for fields nobody reads; refused when strict."""
    reaction = Reaction.REJECT if strict else Reaction.IGNORE
    return [
        Violation(
            "request.unknown-field", pointer, None, "the documented fields", reaction, Level.OBSERVE, ""
        )
        for pointer in pointers
    ]


def _names(provider: Provider) -> dict[str, Model]:
    """Models by every name they go by: their ids and their dated snapshots."""
    names = {snapshot: model for model in provider.models.values() for snapshot in model.snapshots}
    return {**names, **provider.models}
