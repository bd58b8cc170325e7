"""Keeping secrets out of evidence: credentials become the name of their variable, signatures become stars."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

CANARY = "sk-invalid-canary-7d1f3c"
BASIC_CANARY = "Basic " + base64.b64encode(f"user:{CANARY}".encode()).decode("ascii")
"""The canary as a name and a password: no secret, and shown as it is."""
_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "x-api-key",
        "api-key",
        "cookie",
        "set-cookie",
        "proxy-authorization",
        "x-mock-token",
        "x-portkey-config",
    }
)
_SCHEMED = frozenset({"authorization", "proxy-authorization", "x-api-key", "api-key"})
_SIGNATURE = re.compile(
    rb"((?:Signature|OSSAccessKeyId|X-Amz-Signature|X-Amz-Credential|security-token|sig)=)[^&\"'\s\\]+"
)


def headers(given: Mapping[str, str], variable: str) -> dict[str, str]:
    """Headers fit to be stored: a credential is replaced by `$VARIABLE`; the canary of a refused key stays."""
    kept: dict[str, str] = {}
    for name, value in given.items():
        if name.lower() not in _SECRET_HEADERS or CANARY in value or value == BASIC_CANARY:
            kept[name.lower()] = value
        elif name.lower() in _SCHEMED:
            scheme, _, rest = value.partition(" ")
            kept[name.lower()] = f"{scheme} ${variable}" if rest else f"${variable}"
        else:
            kept[name.lower()] = "***"
    return kept


def secret(text: bytes, key: str) -> bytes:
    """Text with every occurrence of the key and every signature of an address replaced."""
    if key and len(key) > 5:
        text = text.replace(key.encode(), b"$KEY")
    return _SIGNATURE.sub(rb"\1***", text)
