"""What a target does with parameters that are left out, with single values, and with parameters as such."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qwen_image_conformance.checks import RELATIONS
from qwen_image_conformance.found import items
from qwen_image_conformance.learn_reading import Learned, ids, plain, refused, served, taken, values
from qwen_image_conformance.seen import Seen
from qwen_image_spec.model import Model

_SWITCHES = {"watermark": "watermark.default", "prompt_extend": "prompt-extend.default"}
_FORM = "response_format"


def default_switches(model: Model, groups: Sequence[Sequence[Seen]]) -> Iterator[Learned]:
    """What a switch is when it is left out, told from two pictures: of the watermark by their corner."""
    for name, clause in _SWITCHES.items():
        param = model.params.get(name)
        default = param.base.default if param is not None else None
        if default is None or not isinstance(default.value, bool):
            continue
        for group in groups:
            verdict = RELATIONS[clause](group)
            if verdict is None or verdict.ok is None:
                continue
            value = default.value if verdict.ok else not default.value
            words = f"{name} left out is {str(value).lower()}"
            yield Learned(("parameters", name, "default"), value, verdict.ok, words, verdict.about)
            break


def default_form(model: Model, group: Sequence[Seen]) -> Iterator[Learned]:
    """Whether pictures come as addresses or in the answer when nobody says."""
    param = model.params.get(_FORM)
    default = param.base.default if param is not None else None
    bare = [
        seen
        for seen in group
        if plain(seen, _FORM) and seen.asked is not None and _FORM not in seen.asked and seen.accepted
    ]
    found = {form for seen in bare for form in _form(seen)}
    if default is not None and len(found) == 1:
        value = found.pop()
        yield Learned(
            ("parameters", _FORM, "default"),
            value,
            value == default.value,
            f"{value} without {_FORM}",
            ids(bare),
        )


def ignored_forms(model: Model, group: Sequence[Seen]) -> Iterator[Learned]:
    """Forms that are taken as a wish and not fulfilled."""
    param = model.params.get(_FORM)
    if param is None or param.base.enum is None:
        return
    got: dict[str, set[str]] = {}
    about: list[Seen] = []
    for seen in group:
        wanted = seen.asked.get(_FORM) if seen.asked is not None else None
        if (
            isinstance(wanted, str)
            and wanted in param.base.enum.value
            and seen.accepted
            and plain(seen, _FORM)
        ):
            got.setdefault(wanted, set()).update(_form(seen))
            about.append(seen)
    lost = [wanted for wanted, came in got.items() if wanted not in came]
    if lost:
        left = [value for value in param.base.enum.value if value not in lost]
        words = f"{_FORM} {', '.join(lost)} is answered otherwise"
        yield Learned(("parameters", _FORM, "enum"), left, known=False, words=words, seen=ids(about))
        yield Learned(("parameters", _FORM, "beyond"), "ignore", known=False, words=words, seen=ids(about))


def _form(seen: Seen) -> set[str]:
    return {"b64_json" if item.b64 is not None else "url" for item in items(seen.body)}


def upstream_defaults(model: Model, group: Sequence[Seen]) -> Iterator[Learned]:
    """What a gateway fills in, or leaves to the mock behind it: seen there, of parameters that nobody asked for."""
    for name, param in model.params.items():
        default = param.base.default
        if default is None or default.value is None:
            continue
        found: dict[Any, list[Seen]] = {}
        for seen in group:
            if seen.asked is None or name in seen.asked or not plain(seen, name) or not taken(seen):
                continue
            for arrived in seen.exchange.upstream or ():
                value = (arrived.effective or {}).get(name)
                if value is not None and not isinstance(value, dict | list):
                    found.setdefault(value, []).append(seen)
        if len(found) == 1:
            (value, about), *_ = found.items()
            words = f"{name} left out arrives upstream as {value!r}"
            yield Learned(
                ("parameters", name, "default"), value, _same(value, default.value), words, ids(about)
            )


def refused_parameters(model: Model, group: Sequence[Seen]) -> Iterator[Learned]:
    """Parameters, and values of a list, that are refused although the known document has them."""
    if not served(group):
        return
    for name, param in model.params.items():
        if name in ("model", "prompt", "size", "n") or not param.base.supported.value:
            continue
        took, not_took = values(group, name)
        legal = {value: seen for value, seen in not_took.items() if not any(one.violations for one in seen)}
        about = ids([seen[0] for seen in legal.values()])
        if legal and not took:
            words = f"{name} is refused whatever it says"
            yield Learned(
                ("parameters", name, "supported"), value=False, known=False, words=words, seen=about
            )
            yield Learned(("parameters", name, "beyond"), "reject", known=False, words=words, seen=about)
        elif legal and param.base.enum is not None:
            left = [value for value in param.base.enum.value if value not in legal]
            words = f"{name} is refused as {', '.join(map(str, legal))}"
            yield Learned(("parameters", name, "enum"), left, known=False, words=words, seen=about)
        elif took and not any(refused(seen) for found in legal.values() for seen in found):
            words = f"{name} taken as {', '.join(sorted(str(value)[:24] for value in took)[:4])}"
            yield Learned(
                ("parameters", name, "supported"),
                True,
                known=True,
                words=words,
                seen=ids([seen[0] for seen in took.values()]),
            )


def _same(one: object, other: object) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.replace("*", "x") == other.replace("*", "x")
    return one == other and isinstance(one, bool) is isinstance(other, bool)
