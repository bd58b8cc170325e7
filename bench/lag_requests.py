"""Heavy requests: large bodies, large files, and what fills the mock. No two are the same, so nothing is known yet."""

from __future__ import annotations

import os
import struct
import zlib
from base64 import b64encode
from itertools import count
from urllib.parse import urlsplit

import orjson
from asked import GENERATE, KEY, NATIVE, PROMPT, document, submission
from files import addresses
from lag_client import Client
from load import message

EDIT = "/skyengine/v1/images/edits"
EDITOR = "qwen-image-edit-plus"
NATIVE_EDIT = f"/{NATIVE}/api/v1/services/aigc/multimodal-generation/generation"
BOUNDARY = "a-boundary"
FORM = {**KEY, "content-type": f"multipart/form-data; boundary={BOUNDARY}"}
TASKS, EXCHANGES = 20_000, 2000
_numbers, _sizes = count(1), count(1)


def png(width: int, height: int, filtered: int = 0) -> bytes:
    """A noisy picture: the bytes of its pixels, about. `filtered` is the filter each line says it has."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(bytes([filtered]) + os.urandom(3 * width) for _ in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines, 1)) + chunk(b"IEND", b"")


def uri(data: bytes) -> str:
    """A file as a data URI."""
    return f"data:image/png;base64,{b64encode(data).decode()}"


def post(path: str, body: object, headers: dict[str, str] = KEY) -> bytes:
    """A request with a JSON body."""
    return message("POST", path, orjson.dumps(body), headers)


def generate(**changes: object) -> bytes:
    """A request for pictures, of a prompt of its own."""
    return post(GENERATE, {**document(), "prompt": f"{PROMPT} {next(_numbers)}", **changes})


def edit(images: object, **more: object) -> bytes:
    """A request to change pictures."""
    return post(EDIT, {"model": EDITOR, "prompt": f"{next(_numbers)}", "image": images, **more})


def form(parts: dict[str, bytes | str]) -> bytes:
    """A form; bytes are files."""
    lines = []
    for name, value in parts.items():
        file = f'; filename="{name}.png"\r\nContent-Type: image/png' if isinstance(value, bytes) else ""
        data = value if isinstance(value, bytes) else value.encode()
        lines += [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode(),
            data,
        ]
        lines.append(b"\r\n")
    return b"".join((*lines, f"--{BOUNDARY}--\r\n".encode()))


def cold(url: str) -> list[bytes]:
    """Pictures near 4096x4096, of sizes never drawn before."""
    number = next(_sizes)
    sizes = (f"{4095 - 2 * number}x{4094 - 2 * step}" for step in range(4))
    return [message("GET", f"{place.path}?{place.query}") for place in map(urlsplit, addresses(url, sizes))]


def upload(url: str) -> list[bytes]:
    """A file of 9 MB to the object store."""
    client = Client(url)
    policy = client.json("GET", f"/{NATIVE}/api/v1/uploads?action=getPolicy&model={EDITOR}", headers=KEY)
    data = policy["data"]  # type: ignore[index] # JSON
    fields = {
        "key": f"{data['upload_dir']}/{next(_numbers)}.png",
        "policy": data["policy"],
        "Signature": data["signature"],
        "OSSAccessKeyId": "mock",
        "success_action_status": "200",
        "file": png(1732, 1732),
    }
    client.close()
    return [message("POST", "/objects", form(fields), FORM)]


def fill_tasks(client: Client) -> None:
    """As many tasks as are kept."""
    path, body, headers = submission()
    for _ in range(TASKS):
        client.ask(message("POST", path, body, headers))


def fill_journal(client: Client) -> None:
    """As many exchanges as are kept, each with a prompt of 600 characters."""
    for _ in range(EXCHANGES):
        client.ask(generate(prompt="山水画" * 200))


def edit_form() -> bytes:
    """The same as a form, with three files of 3 MB."""
    files = {f"image[{place}]": png(1000, 1000) for place in range(3)}
    return message("POST", EDIT, form({"model": EDITOR, "prompt": f"{next(_numbers)}", **files}), FORM)


def long_prompt(megabytes: int) -> bytes:
    """A native request whose prompt is cut."""
    text = "山水 " * (megabytes * 150_000) + str(next(_numbers))
    content = [{"role": "user", "content": [{"text": text}]}]
    return post(NATIVE_EDIT, {"model": "qwen-image-max", "input": {"messages": content}})


def task() -> bytes:
    """A request that becomes a task."""
    path, body, headers = submission()
    return message("POST", path, body, headers)


def admin(method: str, path: str, body: object = None) -> bytes:
    """A call of the admin API."""
    return message(method, f"/_mock/{path}", b"" if body is None else orjson.dumps(body))


def listing(query: str) -> bytes:
    """A request for a list of tasks."""
    return message("GET", f"/{NATIVE}/api/v1/tasks?{query}", headers=KEY)
