"""One exchange with everything in it that is hard to keep: bytes that are no text, polls, a picture."""

from __future__ import annotations

from qwen_image_conformance.exchange import Delivered, Exchange, Received, Sent

ONE = Exchange(
    "x00001",
    "plain:m:generate",
    "p",
    "m",
    "generate",
    "e",
    Sent("POST", "http://h/v1", {"content-type": "application/json"}, b"\xff\xfe{"),
    Received(200, {"a": "b"}, b"\x89PNG\0\xff", 0.25),
    {"model": "m", "prompt": "灯 \u2028", "images": [], "parameters": {"n": 0}, "texts": 1},
    ("body.encoding",),
    (Received(0, error="cut"), Received(200, {}, "é".encode())),
    (Delivered("http://h/p", status=200, tampered=403),),
    12.5,
)
