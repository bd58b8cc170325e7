"""Bodies of the form `multipart/form-data`, as SDKs send edits: read into the JSON document they stand for.

Files become data URIs of their true media type. Texts stay texts until `coerced` knows the parameters' types.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from qwen_image_mock.bodies import BadBody
from qwen_image_spec.pointers import MISSING, get, put
from qwen_image_spec.sniff import sniff

if TYPE_CHECKING:
    from collections.abc import Iterable

    from python_multipart.multipart import MultipartCallbacks

    from qwen_image_spec.dialect import Dialect

Json = Any
MOST_PARTS = 1000
_DEEPEST = 4
_PIECE = 3 << 16
"""So many bytes become base64 at a time, so that other threads get their turn; whole groups of three."""
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_STRUCTURED = {"palette", "boxes", "object", "list"}
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


@dataclass(slots=True)
class Part:
    """One part of a form. `file` is true when it is an upload, whatever its type says."""

    name: str
    data: bytes
    file: bool

    @property
    def value(self) -> str:
        """A text, or a file as a data URI; bytes that are no UTF-8 count as a file."""
        if not self.file:
            try:
                return self.data.decode("utf-8")
            except UnicodeDecodeError:
                pass
        return data_uri(self.data)


@dataclass(slots=True)
class _Collector:
    """What the push parser tells, put together into parts."""

    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _name: bytes = b""
    _value: bytes = b""
    _data: list[bytes] = field(default_factory=list)

    def on_part_begin(self) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise BadBody("body.malformed")
        self._headers, self._data = {}, []

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def on_part_end(self) -> None:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        if disposition != b"form-data" or name is None:
            raise BadBody("body.malformed")
        kind = self._headers.get(b"content-type", b"text/plain").lower()
        upload = b"filename" in options or not kind.startswith((b"text/", b"application/json"))
        self.parts.append(Part(name.decode("utf-8", "replace"), b"".join(self._data), upload))

    def on_end(self) -> None:
        self.ended = True


def parts_of(body: bytes, content_type: bytes) -> list[Part]:
    """The parts of a form, in order; raises BadBody when there is no boundary, no end or too many parts."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise BadBody("body.malformed")
    collector = _Collector()
    callbacks: MultipartCallbacks = {
        "on_part_begin": collector.on_part_begin,
        "on_header_field": collector.on_header_field,
        "on_header_value": collector.on_header_value,
        "on_header_end": collector.on_header_end,
        "on_part_data": collector.on_part_data,
        "on_part_end": collector.on_part_end,
        "on_end": collector.on_end,
    }
    try:
        MultipartParser(boundary, callbacks).write(body)
    except (FormParserError, ValueError):
        raise BadBody("body.malformed") from None
    if not collector.ended:
        raise BadBody("body.malformed")
    return collector.parts


def document_of(parts: Iterable[Part]) -> dict[str, Json]:
    """The JSON document a form stands for.

    `a[]`, `a[0]` and a repeated upload make a list, `a[b]` an object; of a repeated text the last one counts.
    """
    document: dict[str, Json] = {}
    for part in parts:
        _place(document, part)
    return document


def coerced(document: dict[str, Json], dialect: Dialect) -> dict[str, Json]:
    """The document with each parameter's text read as its type; what cannot be read stays a text."""
    made = _copied(document)
    for _, param, places in dialect.reads:
        for place in places:
            value = get(made, place)
            if value is not MISSING and isinstance(value, str):
                put(made, place, _read(value, param.type))
    return made


def data_uri(data: bytes) -> str:
    """Bytes as a data URI whose media type is told from the bytes, not from a file's name."""
    found = sniff(data)
    mime = found.mime if found is not None else "application/octet-stream"
    pieces = (b64encode(data[at : at + _PIECE]) for at in range(0, len(data), _PIECE))
    return f"data:{mime};base64,{b''.join(pieces).decode('ascii')}"


def _place(document: dict[str, Json], part: Part) -> None:
    match = _NAME.fullmatch(part.name)
    keys = _KEY.findall(match[2]) if match is not None else []
    if match is None or len(keys) > _DEEPEST:
        document[part.name] = part.value
        return
    listed = bool(keys) and (not keys[-1] or keys[-1].isdecimal())
    here: Json = document
    *parents, last = [match[1], *(keys[:-1] if listed else keys)]
    for key in parents:
        here = here.setdefault(key, {})
        if not isinstance(here, dict):
            document[part.name] = part.value
            return
    known = here.get(last)
    if isinstance(known, list):
        known.append(part.value)
    elif listed:
        here[last] = [part.value] if known is None else [known, part.value]
    elif isinstance(known, str) and part.file:
        here[last] = [known, part.value]
    elif not isinstance(known, dict):
        here[last] = part.value


def _copied(document: dict[str, Json]) -> dict[str, Json]:
    """The document with its objects copied; lists and texts are never changed, so they are shared."""
    return {name: _copied(value) if isinstance(value, dict) else value for name, value in document.items()}


def _read(text: str, kind: str) -> Json:
    if kind == "boolean":
        return _BOOLEANS.get(text.strip().lower(), text)
    if kind == "integer" and _WHOLE.fullmatch(text.strip()):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text.strip()):
        return float(text) if not _WHOLE.fullmatch(text.strip()) else int(text)
    if kind in _STRUCTURED:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
    return text
