"""The same request as a form (`multipart/form-data`), for paths that take one: scalars as texts, pictures as files."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from qwen_image_conformance.probe import Probe

Json = Any
BOUNDARY = "qwen-image-form-5b21c0"
TYPE = "multipart/form-data"
_LARGE = re.compile(rb"data:[^,]*;sha256=([0-9a-f]{64}),")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form. `kind` is empty for a text."""

    name: str
    content: bytes
    kind: str = ""
    filename: str = ""


def as_form(probe: Probe, image: str) -> Probe:
    """The probe with its JSON body as a form; every picture of `image` becomes a file of that field.

    `image` names the field (`image` or `image[]`); pictures that are no data URIs stay texts.
    """
    body: Mapping[str, Json] = orjson.loads(probe.body)
    content = encoded(list(_parts(body, image)))
    headers = {**probe.headers, "content-type": f"{TYPE}; boundary={BOUNDARY}"}
    return replace(probe, body=content, headers=headers)


def encoded(parts: list[Part]) -> bytes:
    """The bytes of a form."""
    lines: list[bytes] = []
    for part in parts:
        named = f'Content-Disposition: form-data; name="{part.name}"'
        named += f'; filename="{part.filename}"' if part.filename else ""
        kind = [f"Content-Type: {part.kind}".encode()] if part.kind else []
        lines += [f"--{BOUNDARY}".encode(), named.encode(), *kind, b"", part.content]
    return b"\r\n".join([*lines, f"--{BOUNDARY}--".encode(), b""])


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """The parts of a form that `encoded` wrote; empty for anything else."""
    if not content_type.startswith(TYPE) or BOUNDARY not in content_type:
        return []
    found = []
    for chunk in body.split(f"--{BOUNDARY}\r\n".encode())[1:]:
        head, _, content = chunk.partition(b"\r\n\r\n")
        words = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        named = dict(item.strip().split("=", 1) for item in words["Content-Disposition"].split(";")[1:])
        content = content.removesuffix(f"--{BOUNDARY}--\r\n".encode()).removesuffix(b"\r\n")
        found.append(
            Part(
                named["name"].strip('"'),
                content,
                words.get("Content-Type", ""),
                named.get("filename", "").strip('"'),
            )
        )
    return found


def command(parts: list[Part]) -> tuple[str, list[str]]:
    """A form for curl: what makes its files first, and its options."""
    files = {part.filename: part.content for part in parts if part.filename and not _stored(part)}
    first = "".join(
        f"printf %s {base64.b64encode(content).decode()} | base64 -d > {name} && "
        for name, content in files.items()
    )
    options: list[str] = []
    for part in parts:
        if part.filename and (digest := _stored(part)):
            named = f"{part.name}=@images/{digest};type={part.kind};filename={part.filename}"
            options += ["-F", shlex.quote(named)]
        elif part.filename:
            options += ["-F", shlex.quote(f"{part.name}=@{part.filename};type={part.kind}")]
        else:
            options += ["--form-string", shlex.quote(f"{part.name}={part.content.decode()}")]
    return first, options


def _stored(part: Part) -> str:
    """The name of the file in `images/` that a run keeps of a large picture, empty for others."""
    found = _LARGE.fullmatch(part.content)
    return found[1].decode() if found is not None else ""


def _parts(body: Mapping[str, Json], image: str) -> Iterator[Part]:
    pictures: list[str] = []
    for name, value in body.items():
        if name == "image":
            pictures = value if isinstance(value, list) else [value]
        elif isinstance(value, dict):
            yield from (Part(f"{name}[{key}]", _text(inner)) for key, inner in value.items())
        else:
            yield Part(name, _text(value))
    for index, picture in enumerate(pictures, 1):
        head, _, data = picture.partition(",")
        if head.startswith("data:"):
            kind = head.removeprefix("data:").partition(";")[0]
            name = f"picture-{index}.{kind.rpartition('/')[2]}"
            content = base64.b64decode(data) if head.endswith(";base64") else picture.encode()
            yield Part(image, content, kind, name)
        else:
            yield Part(image, picture.encode())


def _text(value: Json) -> bytes:
    return value.encode() if isinstance(value, str) else orjson.dumps(value)
