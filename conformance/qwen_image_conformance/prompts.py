"""The texts that probes send. Harmless everywhere, different in what they exercise."""

from __future__ import annotations

PLAIN = "A red paper lantern above a quiet river at dusk"
UNICODE = '一盏红灯笼 "福" & 🏮\n远山如黛, naïve café'
NEGATIVE = "blurry, low quality"


def long_text(length: int) -> str:
    """A harmless text of exactly `length` characters."""
    phrase = "a calm lake at dawn, "
    return (phrase * (length // len(phrase) + 1))[:length]
