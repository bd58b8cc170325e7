"""Probes that must be accepted, merged so that one bought picture decides as many clauses as it can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from qwen_image_conformance import pairwise
from qwen_image_conformance.invalid import PALETTE
from qwen_image_conformance.maker import Maker
from qwen_image_conformance.probe import Probe, Tier, accepted
from qwen_image_conformance.prompts import NEGATIVE, PLAIN, UNICODE, long_text
from qwen_image_conformance.ways import Way
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.pointers import get, put
from qwen_image_spec.rules import check

SEED = 7
_SWITCHES = ("watermark", "prompt_extend")
_KNOWN_SWITCHES = ("thinking_mode", "enable_sequential")
_BASE_CLAUSES = (
    "model.served",
    "auth.accepted",
    "n.default",
    "size.default",
    "response-format.default",
    "response.*",
    "url.*",
    "usage.*",
    "tasks.*",
    "watermark.default",
    "watermark.corner",
    "prompt-extend.default",
    "seed.repeats",
    "seed.zero",
)


def probes(provider: Provider, model: Model, way: Way, *, first: bool = True) -> list[Probe]:
    """The probes of one model and way, cheapest tier first. What a further way shares with the first is left to the full tier."""
    make = _Valid(provider, model, way)
    found: list[Probe | None] = [
        make.plain(Tier.SMOKE),
        make.rich("rich", Tier.SMOKE, make.form("b64_json"), sizes=1),
        make.explicit(),
        *make.flipped(),
        make.rich("rich-again", Tier.CORE, make.form("url"), sizes=1),
        make.nothing(),
        make.lengths(),
        make.streamed(),
        *make.switched(),
        make.texts(),
        *make.every_size(),
        make.most(),
        *make.combined(),
        *make.interleaved(),
    ]
    chosen = [probe for probe in found if probe is not None]
    return chosen if first else [_later(probe) for probe in chosen]


def _later(probe: Probe) -> Probe:
    return replace(probe, tier=Tier.CORE if probe.id.startswith("plain:") else Tier.FULL)


class _Valid(Maker):
    """The single probes; each says what it is for."""

    def plain(self, tier: Tier) -> Probe:
        """Only a prompt and a seed: every default shows."""
        return self.probe("plain", _BASE_CLAUSES, tier, tamper=True, seed=SEED, n=self.one())

    def nothing(self) -> Probe:
        """Nothing but the prompt: as many pictures come as the model makes unasked."""
        return self.probe("bare", ("model.served", "n.default"), Tier.FULL)

    def combined(self) -> list[Probe]:
        """Every pair of values of any two parameters, one picture each: what is taken alone must be taken together."""
        rows = pairwise.rows(self.choices(), lambda row: not check(self.asked(UNICODE, row), self.model))
        return [
            self.probe(f"pair{number:02d}", ("parameters.together",), Tier.FULL, UNICODE, **row)
            for number, row in enumerate(rows, 1)
        ]

    def choices(self) -> dict[str, list[Any]]:
        """Values of each parameter that pairs are made of; None leaves the parameter out."""
        known = self.sizes()
        wanted: dict[str, list[Any]] = {
            "seed": [SEED, 0, None],
            "watermark": [True, False, None],
            "prompt_extend": [False, True, None],
            "size": [*known[:1], *known[-1:], None],
            "negative_prompt": [NEGATIVE, None],
            "response_format": ["b64_json", "url", None],
            "n": [self.one()],
        }
        return {name: list(dict.fromkeys(values)) for name, values in wanted.items() if self.facets(name)}

    def explicit(self) -> Probe | None:
        """Every default sent explicitly, and two pictures where the model makes several: the first must be the same picture."""
        given: dict[str, Any] = {"seed": SEED}
        count = self.facets("n")
        if count is not None:
            given["n"] = (
                2 if count.range is not None and count.range.value[0] <= 2 <= count.range.value[1] else 1
            )
        for name in (*_SWITCHES, "size"):
            facets = self.facets(name)
            if facets is not None and facets.default is not None:
                given[name] = facets.default.value
        return self.probe(
            "explicit",
            (
                "watermark.default",
                "watermark.honoured",
                "watermark.corner",
                "prompt-extend.default",
                "seed.repeats",
                "usage.*",
                "size.delivered",
                "n.count",
                "n.distinct",
            ),
            Tier.CORE,
            **given,
        )

    def flipped(self) -> list[Probe]:
        """The watermark the other way round, once at every documented place: must change the corner and nothing else."""
        facets = self.facets("watermark")
        if facets is None or facets.default is None:
            return []
        first = self.probe(
            "flipped",
            (
                "watermark.honoured",
                "watermark.corner",
                "watermark.accepted",
                "prompt-extend.default",
                "seed.zero",
            ),
            Tier.CORE,
            seed=SEED,
            n=self.one(),
            watermark=not facets.default.value,
        )
        return [first, *(self._moved(first, place) for place in self.places("watermark")[1:])]

    def _moved(self, probe: Probe, place: str) -> Probe:
        body = orjson.loads(probe.body)
        value = get(body, self.places("watermark")[0])
        parent, _, key = self.places("watermark")[0].rpartition("/")
        (get(body, parent) if parent else body).pop(key)
        put(body, place, value)
        return replace(
            probe,
            id=probe.id.replace("flipped", f"flipped-at{place.replace('/', '.')}"),
            body=orjson.dumps(body),
            splits=(),
        )

    def rich(self, name: str, tier: Tier, form: str | None, sizes: int) -> Probe:
        """Seed 0, both switches off, another size, a prompt in many scripts: everything that gets lost easily."""
        known = self.sizes()
        size = known[min(sizes, len(known)) - 1] if known else None
        clauses = (
            "seed.zero",
            "prompt.unicode",
            "negative-prompt.accepted",
            "size.accepted",
            "size.delivered",
            "response-format.b64",
        )
        return self.probe(
            name,
            clauses,
            tier,
            UNICODE,
            seed=0,
            n=self.one(),
            watermark=False,
            prompt_extend=False,
            size=size,
            negative_prompt=NEGATIVE,
            response_format=form,
        )

    def most(self) -> Probe | None:
        """As many pictures as the model makes."""
        facets = self.facets("n")
        if facets is None or facets.range is None or facets.range.value[1] < 3:
            return None
        return self.probe("most", ("n.count",), Tier.FULL, n=facets.range.value[1])

    def switched(self) -> list[Probe]:
        """Every further switch the other way round, and a palette, one at a time."""
        found = []
        for name, param in self.model.params.items():
            facets = self.facets(name)
            if facets is None or name in _SWITCHES:
                continue
            default = facets.default.value if facets.default is not None else None
            value: Any = (
                PALETTE
                if param.type == "palette"
                else not default
                if param.type == "boolean" and name in _KNOWN_SWITCHES
                else None
            )
            if value is not None:
                found.append(
                    self.probe(
                        f"with-{param.slug}",
                        (f"{param.slug}.accepted",),
                        Tier.FULL,
                        n=self.one(),
                        **{name: value},
                    )
                )
        return found

    def texts(self) -> Probe | None:
        """Two texts, where the document says that the first of them is the prompt."""
        if self.way.endpoint.envelope != "messages" or "messages.first-text" not in self.model.facts:
            return None
        return accepted(
            self.provider,
            self.model,
            self.way.operation,
            self.way.endpoint,
            replace(self.bare, texts=2),
            "texts",
            ("messages.first-text",),
            Tier.FULL,
        )

    def interleaved(self) -> list[Probe]:
        """Text and pictures in turn, at most two pictures: only as a task, since a direct answer of that kind is a stream."""
        if (
            self.way.operation != "submit"
            or self.facets("enable_interleave") is None
            or self.facets("max_images") is None
        ):
            return []
        most = 2
        probe = self.probe(
            "interleaved", ("max-images.count",), Tier.FULL, n=1, enable_interleave=True, max_images=most
        )
        return [replace(probe, buys=most)]

    def streamed(self) -> Probe | None:
        """A stream asked of a provider that has none."""
        if "stream.none" not in self.model.facts:
            return None
        probe = self.probe("streamed", ("stream.none",), Tier.FULL)
        return replace(probe, body=orjson.dumps({**orjson.loads(probe.body), "stream": True}))

    def lengths(self) -> Probe | None:
        """Texts beyond their limits, where the document says that they are cut."""
        given: dict[str, Any] = {}
        facets = self.facets("negative_prompt")
        if (
            facets is not None
            and facets.length is not None
            and facets.beyond is not None
            and facets.beyond.value is Reaction.TRUNCATE
        ):
            given["negative_prompt"] = long_text(facets.length.value + 1)
        prompt = self.model.params.get("prompt")
        text = PLAIN
        if (
            prompt is not None
            and prompt.base.length is not None
            and prompt.base.beyond is not None
            and prompt.base.beyond.value is Reaction.TRUNCATE
        ):
            text = long_text(prompt.base.length.value + 1)
        if not given and text == PLAIN:
            return None
        return self.probe(
            "long", ("prompt.length", "negative-prompt.length"), Tier.FULL, text, n=self.one(), **given
        )

    def every_size(self) -> list[Probe]:
        """Every listed size, one picture each."""
        return [
            self.probe(
                f"size-{text.replace('*', 'x')}",
                ("size.accepted", "size.delivered"),
                Tier.FULL,
                n=self.one(),
                size=text,
            )
            for text in self.sizes()
        ]
