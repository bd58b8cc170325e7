"""`show`: everything the contract says of one model at one provider, every value with where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_spec import console
from qwen_image_spec.diff import ABSENT, condition, describe_endpoint, one_grant, places, spell
from qwen_image_spec.explain import describe_dispute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_image_spec.evidence import Evidence, Fact
    from qwen_image_spec.model import Facets, Model, Param, Provider, Spec

Row = tuple[str, ...]
_IMAGE_FACETS = ("count", "side", "ratio", "bytes", "formats", "beyond")


class Notes:
    """Numbered footnotes, one for each source with its evidence and dispute; and the notes met on the way."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, Evidence, str | None], int] = {}
        self.remarks: dict[str, None] = {}

    def of(self, fact: Fact[Any] | None, name: str = "", value: str | None = None) -> str:
        """A fact's value with its footnote, for example `1 to 6 [2]`; a dash when there is no fact."""
        if fact is None:
            return ABSENT
        number = self.number(fact.source, fact.evidence, fact.dispute)
        if fact.note:
            self.remarks[f"{name}: {fact.note}" if name else fact.note] = None
        return f"{spell(fact.value) if value is None else value} [{number}]".lstrip()

    def number(self, source: str, evidence: Evidence, dispute: str | None = None) -> int:
        """The number of a footnote."""
        return self.numbers.setdefault((source, evidence, dispute), len(self.numbers) + 1)

    @property
    def disputes(self) -> list[str]:
        """The disputes of the facts shown."""
        return sorted({dispute for _, _, dispute in self.numbers if dispute})


def show_model(spec: Spec, provider: Provider, model: Model) -> None:
    """Print everything about one model at one provider."""
    notes = Notes()
    console.say(f"{model.id} at {provider.id}", "bold")
    for line in _about(provider, model, notes):
        console.say(f"  {line}")
    console.heading("Endpoints")
    endpoints = [provider.endpoints[name] for name in model.endpoints]
    console.table(
        ("operations", "request"),
        [
            (
                spell(tuple(name for name in each.operations if name in model.operations)),
                notes.of(each.fact, each.id, describe_endpoint(each)),
            )
            for each in endpoints
        ],
    )
    console.heading("Parameters")
    rows = [
        row
        for param in model.params.values()
        for row in _parameter(
            param, "\n".join(map(console.fold, places(param, provider, model))) or ABSENT, notes
        )
    ]
    console.table(("name", "type", "place", "default", "limits", "beyond"), rows, keep=(0, 1))
    _sizes(model, notes)
    _images(model, notes)
    console.section(
        "Rules across fields",
        [f"{rule.sentence} Otherwise: {notes.of(rule.beyond, rule.id)}" for rule in model.rules],
    )
    console.section(
        "Limits and lives",
        [
            f"{name}: {notes.of(fact, name)}"
            for name, fact in (*model.limits.items(), *model.lifetimes.items())
            if fact.value is not None
        ],
    )
    console.section(
        "Errors of its own",
        [f"{entry.status.value} {entry.code or ''}: {entry.when or entry.message}" for entry in model.errors],
    )
    console.section(
        "Other facts",
        [
            f"{name}: {notes.of(fact, name)}"
            for name, fact in model.facts.items()
            if name not in provider.facts
        ],
    )
    console.section("Remarks", list(notes.remarks))
    console.section(
        "Disputes",
        [describe_dispute(spec.disputes[name]) for name in notes.disputes if name in spec.disputes],
    )
    console.heading("From")
    for (source, evidence, dispute), number in notes.numbers.items():
        known = spec.sources.get(source)
        about = f"{source} ({evidence}{f', dispute {dispute}' if dispute else ''})"
        console.item(f"{about}: {known.title}, {known.publisher}" if known else about, f"[{number}]")


def _about(provider: Provider, model: Model, notes: Notes) -> Iterator[str]:
    yield f"{provider.title}, {provider.base_url}"
    number = notes.of(model.fact, model.id, "")
    yield f"family {model.family}, operations {spell(model.operations)} {number}"
    if model.alias_of:
        yield f"another name of {model.alias_of}"
    if model.snapshots:
        yield f"snapshots: {spell(model.snapshots)}"
    if model.regions:
        yield f"regions: {spell(model.regions)}"


def _parameter(param: Param, place: str, notes: Notes) -> Iterator[Row]:
    base = param.base
    if not base.supported.value:
        yield (
            param.name,
            param.type,
            place,
            ABSENT,
            notes.of(base.supported, param.name, "not supported"),
            _beyond(base, param, notes),
        )
        return
    needed = "required" if base.required is not None and base.required.value else ""
    default = _default(param, base, notes) if base.default is not None else needed or ABSENT
    limits = _limits(param, base, notes) or notes.of(base.supported, param.name, "any")
    yield param.name, param.type, place, default, limits, _beyond(base, param, notes)
    for when, facets in param.variants:
        shown = _default(param, facets, notes) if facets.default is not None else ABSENT
        limits = (
            _limits(param, facets, notes)
            if facets.supported.value
            else notes.of(facets.supported, param.name, "not supported")
        )
        yield "", "", condition(when).strip(), shown, limits or ABSENT, _beyond(facets, param, notes)


def _default(param: Param, facets: Facets, notes: Notes) -> str:
    open_ = facets.default is not None and facets.default.value is None
    return notes.of(facets.default, f"{param.name} default", "not fixed" if open_ else None)


def _beyond(facets: Facets, param: Param, notes: Notes) -> str:
    return notes.of(facets.beyond, f"{param.name} beyond") if facets.beyond is not None else ABSENT


def _limits(param: Param, facets: Facets, notes: Notes) -> str:
    found: list[str] = []
    if facets.range is not None:
        found.append(notes.of(facets.range, f"{param.name} range"))
    if facets.enum is not None:
        found.append(notes.of(facets.enum, f"{param.name} values"))
    if facets.length is not None:
        found.append(notes.of(facets.length, f"{param.name} length", f"length {facets.length.value}"))
    if facets.effective is not None and not facets.effective.value:
        found.append(notes.of(facets.effective, param.name, "has no effect"))
    if facets.grants:
        found.append("see sizes")
    return ", ".join(found)


def _sizes(model: Model, notes: Notes) -> None:
    lines: list[str] = []
    for param in model.params.values():
        for when, facets in (({}, param.base), *param.variants):
            for grant in facets.grants if not when or facets.grants != param.base.grants else ():
                number = notes.number(grant.source, grant.evidence, grant.dispute)
                lines.append(f"{one_grant(grant, param.separator)}{condition(when)} [{number}]")
    console.section("Sizes", lines)


def _images(model: Model, notes: Notes) -> None:
    lines: list[str] = []
    for rule in model.images:
        known = [(facet, getattr(rule, facet)) for facet in _IMAGE_FACETS]
        words = [f"{facet} {notes.of(fact, f'images {facet}')}" for facet, fact in known if fact is not None]
        lines.append(f"{', '.join(words)}{condition(rule.when)}")
    console.section("Input images", lines)
