"""Writing what was learned as a provider's document that extends the known one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from qwen_image_conformance.learn import Lesson
from qwen_image_conformance.learn_reading import Learned
from qwen_image_spec.diff import compare
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.problems import Problem, SpecError

SOURCE = "observed"
_WIDTH = 100
Place = tuple[str, ...]


@dataclass(frozen=True)
class About:
    """What a document says of itself: its provider's id, the target, the day it was read (ISO), where the evidence is."""

    name: str
    target: str
    read: str
    evidence: str


def text_of(lesson: Lesson, provider: Provider, about: About, *, confirmed: bool = False) -> str:
    """The document as YAML. With `confirmed` it also holds what is as documented, with the evidence `observed`.

    What was seen but makes no sense together (a default outside the sizes) is told above the document, not in it.
    """
    facts = _facts(lesson, provider, confirmed=confirmed)
    left_out: list[str] = []
    while problems := _problems(_text(facts, lesson, provider, about, left_out)):
        wrong = [place for place in facts if any(_touches(problem, place) for problem in problems)]
        if not wrong:
            raise SpecError(problems)
        left_out += [f"{' '.join(place[-4:])}: {facts.pop(place)} ({problems[0].what})" for place in wrong]
    plain = _text(facts, lesson, provider, about, left_out)
    lifted = _text(_lifted(facts, provider), lesson, provider, about, left_out)
    return lifted if not _problems(lifted) and _same(plain, lifted) else plain


def _problems(text: str) -> list[Problem]:
    """The mistakes of a document."""
    with TemporaryDirectory(prefix="qwen-image-learn-") as folder:
        path = Path(folder) / "learned.yaml"
        path.write_text(text, "utf-8")
        try:
            load_provider(path)
        except SpecError as error:
            return list(error.problems)
    return []


def _touches(problem: Problem, place: Place) -> bool:
    """Whether a mistake is about what stands at a place."""
    shared = min(len(problem.path), len(place))
    return shared > 0 and tuple(map(str, problem.path[:shared])) == place[:shared]


def _facts(lesson: Lesson, provider: Provider, *, confirmed: bool) -> dict[Place, Any]:
    found: dict[Place, Any] = {}
    for model, one in lesson.learned:
        if one.known and not (confirmed and one.value is not None):
            continue
        if one.value is None and one.place:
            continue  # seen to be otherwise, but not in a way that can be written
        if model is not None and model.family and provider.models.get(model.id) is model:
            found["families", model.family, "models", model.id, *one.place] = one.value
        elif one.place[0] == "errors" and one.place[1] not in ("shape", "fields"):
            found["errors", "entries", *one.place[1:]] = one.value
        else:
            found[one.place] = one.value
    gone = [place for place in found if place[0] == "families" and len(place) == 4]
    return {place: value for place, value in found.items() if place in gone or place[:4] not in gone}


def _lifted(facts: dict[Place, Any], provider: Provider) -> dict[Place, Any]:
    """The facts, with those of a family said once that all of its models share."""
    shared: dict[tuple[str, Place], dict[str, Any]] = defaultdict(dict)
    for place, value in facts.items():
        if place[0] == "families" and len(place) > 4:
            shared[place[1], place[4:]][place[3]] = value
    made = dict(facts)
    for (family, rest), values in shared.items():
        models = provider.families.get(family, ())
        first = next(iter(values.values()))
        if (
            len(models) > 1
            and set(values) == set(models)
            and all(value == first for value in values.values())
        ):
            for model in models:
                del made["families", family, "models", model, *rest]
            made["families", family, *rest] = first
    return made


def _text(
    facts: dict[Place, Any], lesson: Lesson, provider: Provider, about: About, left_out: list[str]
) -> str:
    document: dict[str, Any] = {
        "provider": about.name,
        "extends": provider.id,
        "title": f"{provider.title}, as observed at {about.target}"[:200],
        "source": SOURCE,
        "sources": {
            SOURCE: {
                "title": f"Observed at {about.target}; evidence: {about.evidence}",
                "publisher": "the target itself",
                "read": about.read,
                "evidence": "observed",
            }
        },
    }
    for place, value in facts.items():
        inner = document
        for key in place[:-1]:
            inner = inner.setdefault(key, {})
        inner[place[-1]] = value
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return "\n".join([*(f"# {line}".rstrip() for line in _head(lesson, about, left_out)), body])


def _head(lesson: Lesson, about: About, left_out: list[str]) -> list[str]:
    """What people should know before they read on."""
    different, known = lesson.different, [(model, one) for model, one in lesson.learned if one.known]
    lines = [
        f"Learned on {about.read} from {lesson.exchanges} exchanges with {about.target}.",
        f"Models asked: {', '.join(lesson.models) or 'none'}.",
        f"Otherwise than documented: {len(different)}; as documented: {len(known)}.",
    ]
    unsaid = [one for _, one in different if one.value is None and one.place]
    for title, found in (
        ("Otherwise than documented:", [_line(model, one) for model, one in different]),
        (
            "Seen, but not to be said in such a document:",
            [*(one.words for one in unsaid), *left_out, *lesson.beside],
        ),
        ("As documented:", [_line(model, one) for model, one in known]),
    ):
        if found:
            lines += ["", title, *(f"  {line}" for line in found)]
    return [part for line in lines for part in (line.splitlines() or [""])]


def _line(model: Model | None, one: Learned) -> str:
    where = f"{model.id}: " if model is not None else ""
    about = f" ({', '.join(one.seen)})" if one.seen else ""
    return f"{where}{one.words}{about}".replace("\n", " ")


def _same(one: str, other: str) -> bool:
    """Whether two texts mean the same provider."""
    if one == other:
        return True
    with TemporaryDirectory(prefix="qwen-image-learn-") as folder:
        paths = [Path(folder) / "one.yaml", Path(folder) / "other.yaml"]
        for path, text in zip(paths, (one, other), strict=True):
            path.write_text(text, "utf-8")
        return not compare(load_provider(paths[0]), load_provider(paths[1]))
