"""A curl command that shows a failure, with the key left as an environment variable."""

from __future__ import annotations

import shlex

from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.redact import CANARY
from qwen_image_conformance.upstream.forms import command, parts_of
from qwen_image_conformance.upstream.large import KEPT

_FIRST = ("content-type", "authorization", "x-dashscope-async", "x-dashscope-sse")
# What every client adds on its own, and what proxies on the way add.
_NOISE = (
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "transfer-encoding",
)
_NOISY = ("x-stainless-", "x-forwarded-")
_THERE = ": in the folder of the run; "
"""Before a command that reads a file of the run: a word to people that every shell passes over."""


def curl(exchange: Exchange) -> str:
    """The command for an exchange. Long input images are cut, and said to be.

    Large ones are read from `images/` in the folder of the run: the command is run there, and says so.
    """
    sent = exchange.sent
    parts = ["curl", "-sS", "-i"]
    if sent.method != "POST" or not sent.body:
        parts += ["-X", sent.method]
    parts.append(shlex.quote(sent.url))
    form = parts_of(sent.body, sent.headers.get("content-type", ""))
    more = [name for name in sent.headers if name not in (*_FIRST, *_NOISE) and not name.startswith(_NOISY)]
    for name in (*_FIRST, *more):
        if name in sent.headers and not (form and name == "content-type"):
            parts += ["-H", _header(name, sent.headers[name])]
    if form:
        first, options = command(form)
        there = _THERE if KEPT.search(sent.body.decode("latin-1")) else ""
        return there + first + " ".join([*parts, *options])
    if picture := KEPT.search(sent.body.decode("utf-8", "replace")):
        before, after = (shlex.quote(text) for text in sent.body.decode().split(picture[0], 1))
        data = f"printf %s 'data:image/png;base64,'; base64 < images/{picture[3]} | tr -d '\\n'"
        first = f"{_THERE}{{ printf %s {before}; {data}; printf %s {after}; }} | "
        return first + " ".join([*parts, "--data-binary", "@-"])
    if sent.body:
        parts += ["--data-binary", _body(sent.body)]
    return " ".join(parts)


def _header(name: str, value: str) -> str:
    if "$" in value and CANARY not in value:
        return f'"{name}: {value}"'
    return shlex.quote(f"{name}: {value}")


def _body(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return (
            "$'"
            + "".join(
                f"\\x{byte:02x}" if byte > 126 or byte < 32 or byte in b"'\\" else chr(byte) for byte in body
            )
            + "'"
        )
    if len(text) > 4000:
        text = text[:200] + f"...<{len(text) - 400} characters cut>..." + text[-200:]
    return shlex.quote(text)
