"""From the options of `learn` to exchanges to learn from: a recording that is read, or a target that is asked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qwen_image_conformance import learn_asking
from qwen_image_conformance.choose import models_of, provider_of
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.learn_document import About
from qwen_image_conformance.places import check_file
from qwen_image_conformance.problems import Stop, UsageProblem
from qwen_image_conformance.target import make_target
from qwen_image_spec.loader import load
from qwen_image_spec.model import Provider, Spec


@dataclass(frozen=True)
class Wishes:
    """What the user asked of `learn`."""

    source: Path | None = None
    url: str | None = None
    provider: str | None = None
    key_env: str | None = None
    models: tuple[str, ...] = ()
    max_images: int | None = None
    name: str | None = None
    out: Path | None = None
    evidence: Path | None = None
    confirmed: bool = False
    force: bool = False


@dataclass(frozen=True)
class Start:
    """What there is to learn from, and where to write it. `stopped` is what ended the asking early."""

    spec: Spec
    provider: Provider
    recording: Recording
    exchanges: list[Exchange]
    about: About
    file: Path
    stopped: Stop | None = None


def started(wishes: Wishes, tell: Callable[[str], None]) -> Start:
    """Check the wishes, and read the recording or ask the target. Raises UsageProblem, Unreachable."""
    if (wishes.source is None) is (wishes.url is None):
        raise UsageProblem(
            "learn needs a recording or a target, and not both",
            "qwen-image-conformance learn runs/NAME, or learn --provider dieyuyun --url URL",
        )
    spec = load()
    recording = Recording(wishes.source) if wishes.source is not None else None
    name = wishes.provider
    if recording is not None and name is None:
        name = recording.head.get("provider_file") or recording.head["provider"]
    if name is None:
        raise UsageProblem("--provider is missing", "name the provider that the target is most like")
    provider = provider_of(name, spec)
    own, file = _own(wishes, provider)
    models = models_of(wishes.models, provider)
    folder = wishes.source or wishes.evidence or Path("runs") / f"{own}-{time.strftime('%Y%m%d-%H%M%S')}"
    stopped: Stop | None = None
    if recording is None:
        asked = learn_asking.ask(
            spec,
            provider,
            make_target(provider, wishes.url or "", wishes.key_env),
            models,
            folder,
            max_images=wishes.max_images,
            about={"provider_file": None if name in spec.providers else name},
            tell=tell,
        )
        stopped, recording = asked.stopped, Recording(folder)
    wanted = {*(models or provider.models), ""}
    head = recording.head
    day = time.strftime("%Y-%m-%d", time.localtime(head.get("time", time.time())))
    about = About(own, str(head.get("target", "a recording")), day, str(folder))
    exchanges = [one for one in recording.exchanges if one.model in wanted]
    return Start(spec, provider, recording, exchanges, about, file, stopped)


def _own(wishes: Wishes, provider: Provider) -> tuple[str, Path]:
    """The id of the new provider, and its file."""
    own = wishes.name or f"learned-{provider.id}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", own):
        raise UsageProblem(
            f"--name {own!r} is no id", "use small letters, digits and hyphens, such as my-gateway"
        )
    file = wishes.out or Path(f"{own}.yaml")
    if file.exists() and not wishes.force:
        raise UsageProblem(f"{file} is there already", "name another file with --out, or give --force")
    check_file(file)
    return own, file
