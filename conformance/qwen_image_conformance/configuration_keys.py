"""The keys of a target's description: what each is, and what is wrong with a file that has others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.upstream.gateway import EXTRAS, OPERATIONS
from qwen_image_spec.problems import suggestion

Mistake = tuple[str, str]


@dataclass(frozen=True)
class Kind:
    """What a key may hold: `types` of its value, the words allowed, whether every value of a table is a text."""

    types: tuple[type, ...]
    says: str
    words: tuple[str, ...] = ()
    texts: bool = False


TEXT = Kind((str,), 'a text: "..."')
TEXTS = Kind((list,), 'a list of texts: ["...", "..."]', texts=True)
NUMBER = Kind((int, float), "a number")
SWITCH = Kind((bool,), "true or false")
TABLE = Kind((dict,), 'a table of texts: name = "..."', texts=True)
SECTIONS: dict[str, dict[str, Kind]] = {
    "": {
        "provider": TEXT,
        "url": TEXT,
        "key_env": TEXT,
        "models": TEXTS,
        "tier": Kind((str,), "smoke, core or full", ("smoke", "core", "full")),
        "select": TEXTS,
        "max_images": Kind((int,), "a whole number"),
        "max_cost": Kind((str, float, int), 'an amount: "5.00"'),
        "out": TEXT,
        "baseline": TEXT,
        "journal": TEXT,
        "prices": Kind((dict,), 'a table: "MODEL" = "0.20"'),
        "urls": TABLE,
        "auth": Kind((dict,), "a table with header and scheme"),
        "headers": TABLE,
        "headers_env": TABLE,
        "gateway": Kind((dict,), "a table"),
    },
    "auth": {"header": TEXT, "scheme": TEXT},
    "gateway": {
        "operations": Kind((list,), 'a list of texts: ["generate", "edit"]', OPERATIONS, texts=True),
        "extras": Kind((str,), "one of " + ", ".join(EXTRAS), EXTRAS),
        "rewrites_urls": SWITCH,
        "quiet_gap": Kind((int, float), "a number of seconds"),
        "models": TABLE,
        "upstream_models": TABLE,
    },
}
OPTIONS: dict[str, str] = {
    "provider": "provider",
    "key_env": "key_env",
    "models": "models",
    "tier": "tier",
    "select": "select",
    "max_images": "max_images",
    "max_cost": "max_cost",
    "out": "out",
    "baseline": "baseline_file",
    "journal": "journal",
    "prices": "prices",
}
"""The keys that stand for options of a command, with the option's name there."""


def mistakes(data: Mapping[str, Any]) -> Iterator[Mistake]:
    """What is wrong with the form of a description: cause and hint of each mistake. Names of models are not looked at."""
    yield from _section("", data)
    for name in ("auth", "gateway"):
        if isinstance(data.get(name), dict):
            yield from _section(name, data[name])


def _section(section: str, data: Mapping[str, Any]) -> Iterator[Mistake]:
    keys = SECTIONS[section]
    for key, value in data.items():
        name = f"{section}.{key}" if section else key
        kind = keys.get(key)
        if kind is None:
            yield f"unknown key {name!r}", _elsewhere(section, key)
        elif not isinstance(value, kind.types) or (isinstance(value, bool) and bool not in kind.types):
            yield f"{name} = {_shown(value)} has the wrong type", f"write {kind.says}"
        else:
            yield from _inside(name, value, kind)


def _inside(name: str, value: Any, kind: Kind) -> Iterator[Mistake]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (value,)
    for one in inner:
        if kind.texts and not isinstance(one, str):
            yield f"{name} has {_shown(one)} in it, which is no text", f"write {kind.says}"
        elif kind.words and one not in kind.words:
            yield f"{name}: unknown word {one!r}", suggestion(str(one), kind.words)


def _elsewhere(section: str, key: str) -> str:
    """The hint for an unknown key: it may be right in another table."""
    homes = [other for other, keys in SECTIONS.items() if other != section and key in keys]
    if homes:
        place = f"in the table [{homes[0]}]" if homes[0] else "at the top, before the first table"
        return f"{key} stands {place}"
    return suggestion(key, SECTIONS[section])


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
