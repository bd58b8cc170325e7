"""Defects of parameters on their way to the upstream: lost, moved, changed, of another type, added."""

from __future__ import annotations

from typing import Any

from defects import two_ended_hooks as does
from defects.two_ended import AT_ONCE, EDITS, TASKS, TwoEnded

Json = Any


def _extra_body(own: dict[str, Json]) -> None:
    extras = {name: own.pop(name) for name in list(own) if name not in ("size", "n")}
    if extras:
        own["extra_body"] = extras


def _into_input(sent: Json) -> None:
    own = sent.get("parameters", {})
    if "negative_prompt" in own:
        sent["input"]["negative_prompt"] = own.pop("negative_prompt")


def _default(name: str, value: Json) -> does.Around:
    return does.parameters(lambda own: own.setdefault(name, value) and None)


def _other(name: str, value: Json) -> does.Around:
    def put(own: dict[str, Json]) -> None:
        if name in own:
            own[name] = value

    return does.parameters(put)


def _as_text(name: str) -> does.Around:
    def put(own: dict[str, Json]) -> None:
        if isinstance(own.get(name), bool | int):
            own[name] = str(own[name]).lower()

    return does.parameters(put)


def _without_blanks(own: dict[str, Json]) -> None:
    for name in [name for name, value in own.items() if isinstance(value, str) and not value.strip()]:
        del own[name]


PARAMETERS = (
    TwoEnded(
        "seed-zero-lost-upstream",
        "gateway.parameter-lost",
        AT_ONCE,
        ("B056", "B057", "B061", "B062"),
        does.parameters(lambda own: does.without_falsy(own, "seed")),
        also=frozenset({"seed.zero"}),
    ),
    TwoEnded(
        "watermark-false-lost-upstream",
        "gateway.parameter-lost",
        TASKS,
        ("B060", "B044"),
        does.parameters(lambda own: does.without_falsy(own, "watermark")),
    ),
    TwoEnded(
        "extras-lost",
        "gateway.parameter-lost",
        AT_ONCE,
        ("B005", "B064", "B066", "B070", "B071", "B074", "B075"),
        does.dropped("negative_prompt", "seed", "watermark", "prompt_extend"),
        also=frozenset({"watermark.*", "seed.*"}),
    ),
    TwoEnded(
        "negative-prompt-lost",
        "gateway.parameter-lost",
        TASKS,
        ("B064", "B070", "B078"),
        does.dropped("negative_prompt"),
    ),
    TwoEnded(
        "size-lost-upstream",
        "gateway.parameter-lost",
        TASKS,
        ("B005", "B007", "B008", "B009"),
        does.dropped("size"),
        also=frozenset({"size.*"}),
    ),
    TwoEnded(
        "size-lost-in-edits",
        "gateway.parameter-lost",
        EDITS,
        ("B002", "B006", "B007"),
        does.dropped("size"),
        also=frozenset({"size.*"}),
    ),
    TwoEnded(
        "n-lost-upstream",
        "gateway.parameter-lost",
        AT_ONCE,
        ("B005", "B069"),
        does.dropped("n"),
        also=frozenset({"n.*", "parameters.together"}),
    ),
    TwoEnded(
        "extras-under-extra-body",
        "gateway.parameter-moved",
        AT_ONCE,
        ("B063",),
        does.parameters(_extra_body),
        also=frozenset({"watermark.*", "seed.*"}),
    ),
    TwoEnded(
        "negative-prompt-in-the-input",
        "gateway.parameter-moved",
        AT_ONCE,
        ("B078", "B079"),
        does.body(_into_input),
    ),
    TwoEnded(
        "size-fixed",
        "gateway.parameter-changed",
        TASKS,
        ("B010", "B012", "B030"),
        _other("size", "512*512"),
        also=frozenset({"size.*"}),
    ),
    TwoEnded("seed-of-the-gateway", "gateway.parameter-changed", AT_ONCE, ("B056",), _other("seed", 1234)),
    TwoEnded(
        "prompt-extend-switched",
        "gateway.parameter-changed",
        TASKS,
        ("B053",),
        _other("prompt_extend", True),
        also=frozenset({"tasks.*", "response.revised-prompt"}),
    ),
    TwoEnded(
        "watermark-as-text",
        "gateway.parameter-type",
        AT_ONCE,
        ("B044", "B046"),
        _as_text("watermark"),
        also=frozenset({"watermark.*", "parameters.together", "gateway.*", "seed.*", "negative-prompt.*"}),
    ),
    TwoEnded(
        "n-as-text",
        "gateway.parameter-type",
        AT_ONCE,
        ("B042", "B045"),
        _as_text("n"),
        also=frozenset({"n.*", "parameters.together", "gateway.*", "size.*", "response-format.*"}),
    ),
    TwoEnded(
        "watermark-forced",
        "gateway.parameter-added",
        AT_ONCE,
        ("B047",),
        _default("watermark", True),
        also=frozenset({"watermark.*", "gateway.default-kept"}),
    ),
    TwoEnded(
        "size-of-another-family",
        "gateway.parameter-added",
        AT_ONCE,
        ("B023", "B028", "B050", "B053"),
        _default("size", "1024*1024"),
        also=frozenset({"size.default", "gateway.default-kept"}),
    ),
    TwoEnded(
        "empty-texts-for-nothing",
        "gateway.parameter-added",
        AT_ONCE,
        ("B052", "B055"),
        _default("negative_prompt", ""),
    ),
    TwoEnded(
        "prompt-in-ascii",
        "gateway.prompt-kept",
        AT_ONCE,
        ("B213", "B215"),
        does.prompts(lambda text: text.encode("ascii", "replace").decode()),
        also=frozenset({"prompt.unicode"}),
    ),
    TwoEnded(
        "prompt-with-a-style",
        "gateway.prompt-kept",
        TASKS,
        ("B213",),
        does.prompts(lambda text: text + ", best quality"),
    ),
    TwoEnded(
        "blank-text-for-nothing",
        "gateway.parameter-lost",
        AT_ONCE,
        ("B081",),
        does.parameters(_without_blanks),
    ),
)
