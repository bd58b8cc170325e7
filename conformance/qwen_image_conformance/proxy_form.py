"""Requests sent as `multipart/form-data`, read into the JSON document they stand for."""

from __future__ import annotations

import re
from base64 import b64encode
from io import BytesIO
from typing import Any

import orjson
from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError

from qwen_image_spec.dialect import Dialect
from qwen_image_spec.pointers import MISSING, get, put
from qwen_image_spec.sniff import sniff

Json = Any
_NAME = re.compile(r"([^\[\]]+)(?:\[([^\[\]]*)\])?")
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


def document_of(body: bytes, content_type: str) -> dict[str, Json] | None:
    """The document of a form; None when it cannot be read.

    Files become data URIs; `a[]` and repeated files make lists, `a[b]` an object.
    """
    document: dict[str, Json] = {}

    def field(given: Any) -> None:
        _place(document, _text(given.field_name), _text(given.value), upload=False)

    def file(given: Any) -> None:
        given.file_object.seek(0)
        data = given.file_object.read()
        found = sniff(data)
        mime = found.mime if found is not None else "application/octet-stream"
        value = f"data:{mime};base64,{b64encode(data).decode('ascii')}"
        _place(document, _text(given.field_name), value, upload=True)
        given.close()

    try:
        parser = create_form_parser(
            {"Content-Type": content_type.encode()},
            field,
            file,
            config={"MAX_MEMORY_FILE_SIZE": len(body) + 1},
        )
        stream = BytesIO(body)
        parser.write(stream.read())
        parser.finalize()
    except (FormParserError, ValueError):
        return None
    return document


def coerced(document: dict[str, Json], dialect: Dialect) -> dict[str, Json]:
    """The document with the text of each parameter read as its type; what cannot be read stays a text."""
    for _, param, places in dialect.reads:
        for place in places:
            value = get(document, place)
            if value is not MISSING and isinstance(value, str):
                put(document, place, _read(value.strip(), value, param.type))
    return document


def _place(document: dict[str, Json], name: str, value: str, *, upload: bool) -> None:
    match = _NAME.fullmatch(name)
    head, inner = (match[1], match[2]) if match is not None else (name, None)
    known = document.get(head)
    if inner is not None and inner and not inner.isdecimal():
        nested = document.setdefault(head, {})
        if isinstance(nested, dict):
            nested[inner] = value
    elif inner is not None or (upload and known is not None):
        document[head] = [*(known if isinstance(known, list) else [] if known is None else [known]), value]
    else:
        document[head] = value


def _text(given: bytes | None) -> str:
    return (given or b"").decode("utf-8", "replace")


def _read(text: str, raw: str, kind: str) -> Json:
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), raw)
    if kind in ("integer", "number") and _WHOLE.fullmatch(text):
        return int(text)
    if kind in ("number", "palette", "boxes", "object", "list"):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return raw
    return raw
