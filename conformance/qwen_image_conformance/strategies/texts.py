"""Texts of every kind: scripts, emoji, combining marks, right-to-left, quotes, newlines, limit lengths."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_PIECES = (
    "a lantern",
    "Zürich café",
    "一盏红灯笼",
    "繁體中文",
    "にほんご",
    "한국어",
    "наивный",
    "ελληνικά",
    "🏮",
    "👩‍👩‍👧‍👦",
    "🇨🇳",
    "❤️",
    "👍🏽",
    "e\u0301",
    "a\u030a\u0323",
    "नमस्ते",
    "ไทย",
    "שלום",
    "مرحبا",
    "\u202bright to left\u202c",
    '"福"',
    "'single'",
    "“curly”",
    "{json: true}",
    "<b>&amp;</b>",
    "100%",
    "\\n",
    "C:\\path",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "，。！？",
    "𝒜𝓃",
    "𠮷野家",
    "ﬁ",
    "\u200bzero width",
    "?q=1&x=2",
    "null",
    "0",
)
_SPACES = ("", " ", "\n", "\t", "\u3000")
_LONGEST = 300
_LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zs", "Zl", "Zp"))


def prompts(limit: int | None = None) -> SearchStrategy[str]:
    """Prompts with a visible character and no NUL, at most `limit` characters (300 when there is no limit).

    A character is a code point, as the providers count. Limit lengths are among them.

    >>> from hypothesis import find
    >>> len(find(prompts(800), lambda text: len(text) == 800))
    800
    """
    return _texts(limit if limit is not None else _LONGEST)


def optional_texts(limit: int | None = None) -> SearchStrategy[str]:
    """Texts for a parameter that may be empty, such as a negative prompt."""
    return st.just("") | prompts(limit)


def too_long(limit: int) -> SearchStrategy[str]:
    """Texts of more than `limit` characters: by one, and by up to a hundred."""
    lengths = st.just(limit + 1) | st.integers(limit + 1, limit + 100)
    return st.builds(_filled, _unit(), lengths)


def _texts(limit: int) -> SearchStrategy[str]:
    short = st.builds(
        _joined, st.sampled_from(_PIECES), st.sampled_from(_SPACES), st.text(_LETTERS, max_size=20)
    )
    filled = st.builds(_filled, _unit(), st.sampled_from(sorted({limit, max(limit - 1, 1)})))
    return st.one_of(st.sampled_from(_PIECES), _unit(), short, filled).map(lambda text: text[:limit])


def _unit() -> SearchStrategy[str]:
    return st.just("a") | st.sampled_from(_PIECES) | st.text(_LETTERS, min_size=1, max_size=8)


def _joined(first: str, space: str, last: str) -> str:
    return first + space + last


def _filled(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]
