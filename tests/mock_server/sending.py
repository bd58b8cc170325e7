"""What the tests of edits and uploads send: image files, bodies, parts of forms."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from qwen_image_mock.server import Mock

NATIVE = "/dashscope/api/v1/services/aigc/multimodal-generation/generation"
GATEWAY = "/skyengine/v1/images/edits"
BOUNDARY = "----a-boundary"
FORM = f'multipart/form-data; boundary="{BOUNDARY}"'
FORMS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {},
    "GIF": {},
    "BMP": {},
    "TIFF": {},
    "WEBP": {},
    "progressive JPEG": {"format": "JPEG", "progressive": True},
    "lossless WEBP": {"format": "WEBP", "lossless": True},
    "compressed TIFF": {"format": "TIFF", "compression": "tiff_lzw"},
}


def file(
    form: str = "PNG", size: tuple[int, int] = (512, 512), colour: str = "teal", mode: str = "RGB"
) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, **{"format": form, **FORMS.get(form, {})})
    return buffer.getvalue()


def uri(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def native(image: Any, model: str = "qwen-image-edit-plus", **parameters: Any) -> dict[str, Any]:
    content = [*({"image": one} for one in (image if isinstance(image, list) else [image])), {"text": "blue"}]
    return {
        "model": model,
        "input": {"messages": [{"role": "user", "content": content}]},
        "parameters": parameters,
    }


def gateway(image: Any, model: str = "qwen-image-edit-plus", **more: Any) -> dict[str, Any]:
    return {"model": model, "prompt": "blue", "image": image, **more}


def clauses(mock: Mock) -> list[str]:
    return [violation["clause"] for violation in mock.requests()[-1]["violations"]]


def part(name: str, data: bytes | str, filename: str | None = None, kind: str | None = None) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        head += f'; filename="{filename}"'
    if kind is not None:
        head += f"\r\nContent-Type: {kind}"
    raw = data if isinstance(data, bytes) else data.encode()
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + raw + b"\r\n"
