"""What the client asked: a JSON body or a form, read into the document and then the canonical request."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from qwen_image_spec.dialect import dialect
from qwen_image_spec.model import Endpoint
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.sniff import sniff
from servers.right_gateway.contract import keep, promised, refusal

Json = Any
LIMIT = 32 * 1024 * 1024
_KEYS = re.compile(r"([^\[\]]+)(?:\[([^\[\]]*)\])?")
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)


async def document_of(request: Request, endpoint: Endpoint) -> dict[str, Json]:
    """The request's body as one JSON document. Raises Failed when it cannot be read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    raw = await request.body()
    if len(raw) > LIMIT:
        raise refusal("body.too-large")
    if kind == "multipart/form-data" and "multipart" in endpoint.encodings:
        try:
            async with request.form(max_part_size=LIMIT) as form:
                return await _fields(form)
        except HTTPException:
            raise refusal("body.malformed") from None
    if kind != "application/json":
        raise refusal("body.media-type")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise refusal("body.malformed") from None
    if not isinstance(document, dict):
        raise refusal("body.not-object")
    return document


async def _fields(form: FormData) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in form.multi_items():
        text = data_uri(await value.read()) if isinstance(value, UploadFile) else value
        match = _KEYS.fullmatch(name)
        key, inner = (match[1], match[2]) if match is not None else (name, None)
        if inner and not inner.isdecimal():
            found.setdefault(key, {})[inner] = text
        elif key == "image":
            found.setdefault(key, []).append(text)
        else:
            found[key] = text
    return found


def data_uri(data: bytes) -> str:
    """Bytes of a picture as a data URI. The media type is told from the bytes: names lie."""
    kind = sniff(data)
    mime = kind.mime if kind is not None else "application/octet-stream"
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def asked(document: dict[str, Json], endpoint: Endpoint, *, form: bool) -> ImageRequest:
    """The canonical request; raises Failed when the promised contract refuses it."""
    name = document.get("model")
    if name is None:
        raise refusal("model.missing", param="model")
    if not isinstance(name, str):
        raise refusal("model.type", param="model", allowed="a string")
    model = promised().models.get(name)
    if model is None:
        raise refusal("model.unknown", value=name)
    if not set(endpoint.operations) & set(model.operations):
        raise refusal("model.operation", value=name)
    spelling = dialect(model, endpoint)
    known = {place: param.type for _, param, places in spelling.reads for place in places}
    typed = _typed(document, known) if form else document
    request = spelling.decode(_listed(typed))
    if document.get("stream") not in (None, False):
        raise refusal("stream.flag", model, param="stream", value=document["stream"], allowed="false")
    if document.get("mask") is not None:
        raise refusal("mask.refused", model, param="mask", value="a picture", allowed="no mask")
    keep(request, model)
    return request


def _listed(document: dict[str, Json]) -> dict[str, Json]:
    """Pictures as a list of texts, whether they came as `image`, a list of it, or `images: [{image_url}]`."""
    images = document.get("images")
    if isinstance(images, list) and "image" not in document:
        texts = [one.get("image_url") if isinstance(one, dict) else one for one in images]
        rest = {name: value for name, value in document.items() if name != "images"}
        return {**rest, "image": texts}
    return document


def _typed(document: Mapping[str, Json], known: Mapping[str, str], parent: str = "") -> dict[str, Json]:
    """Texts of a form as the types their parameters have; what cannot be read stays a text."""
    return {
        name: _typed(value, known, f"/{name}")
        if isinstance(value, dict)
        else _scalar(value, known.get(f"{parent}/{name}", "string"))
        for name, value in document.items()
    }


def _scalar(value: Json, kind: str) -> Json:
    if not isinstance(value, str):
        return value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    return int(value) if kind == "integer" and _WHOLE.fullmatch(value) else value
