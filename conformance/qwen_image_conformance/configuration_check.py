"""Every mistake of a target's description at once: form, names, addresses, variables, files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from qwen_image_conformance.baseline import Baseline
from qwen_image_conformance.choose import clauses_of, models_of, provider_of
from qwen_image_conformance.configuration import Description, parsed, read
from qwen_image_conformance.configuration_keys import Mistake, mistakes
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.target import OWN_VARIABLE, is_local
from qwen_image_spec.loader import load
from qwen_image_spec.model import Provider
from qwen_image_spec.problems import suggestion


def check(path: Path) -> list[Mistake]:
    """The mistakes of a file, each with cause and hint; none when a run could begin. Sends nothing."""
    try:
        data = parsed(path)
    except UsageProblem as problem:
        return [(problem.cause, problem.hint)]
    found = list(mistakes(data))
    if found:
        return found
    description = read(path)
    provider, told = _provider(description)
    found += told
    found += list(_addresses(description, provider))
    found += list(_variables(description, provider))
    found += list(_files(description))
    if provider is not None:
        found += list(_names(description, provider))
    return found


def _provider(description: Description) -> tuple[Provider | None, list[Mistake]]:
    name = description.options.get("provider")
    if not name:
        return None, [("provider is missing", 'write: provider = "NAME", see qwen-image-spec list')]
    try:
        return provider_of(name, load()), []
    except UsageProblem as problem:
        return None, [(f"provider: {problem.cause}", problem.hint)]


def _addresses(description: Description, provider: Provider | None) -> Iterator[Mistake]:
    if provider is not None and description.url_for(provider) is None:
        yield "url is missing", 'write: url = "https://gw.example.com"'
    named = {"url": description.url, "journal": description.options.get("journal")}
    named |= {f"urls.{name}": url for name, url in description.urls.items()}
    for name, url in named.items():
        parts = urlsplit(url or "http://h")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield (
                f"{name} = {url!r} is no http(s) address",
                "write it like https://gw.example.com/prefix",
            )
    known = {*load().providers, *(one.style for one in load().providers.values())}
    known |= {provider.id} if provider is not None else set()
    for name in description.urls:
        if name not in known:
            yield f"urls.{name}: no provider and no style has this name", suggestion(name, known)


def _variables(description: Description, provider: Provider | None) -> Iterator[Mistake]:
    for name, variable in description.headers_env.items():
        if not os.environ.get(variable, "").strip():
            yield f"headers_env.{name}: the variable {variable} is not set", f"export {variable}=..."
    for name in sorted({*description.headers} & {*description.headers_env}):
        yield f"the header {name} stands in [headers] and in [headers_env]", "keep one of them"
    named = description.options.get("key_env")
    if named:
        if not os.environ.get(named, "").strip():
            yield f"key_env: the variable {named} is not set", f"export {named}=..."
        return
    url = description.url_for(provider) if provider is not None else None
    if provider is None or url is None or is_local(url):
        return
    if not any(os.environ.get(name, "").strip() for name in (OWN_VARIABLE, provider.key_env)):
        yield (
            "no variable holds a key",
            f"export {provider.key_env}=... or name another variable with key_env",
        )


def _files(description: Description) -> Iterator[Mistake]:
    baseline = description.options.get("baseline_file")
    if baseline is not None:
        yield from _told("baseline", lambda: Baseline.read(Path(baseline)))


def _names(description: Description, provider: Provider) -> Iterator[Mistake]:
    for name in description.options.get("models", ()):
        yield from _told("models", lambda name=name: models_of([name], provider))  # type: ignore[misc] # bound now
    for pattern in description.options.get("select", ()):
        yield from _told("select", lambda pattern=pattern: clauses_of([pattern], load()))  # type: ignore[misc] # bound now
    gateway = description.gateway
    for table, names in (("models", gateway.models), ("upstream_models", gateway.upstream_models)):
        for name in names:
            if name not in provider.models:
                yield (
                    f"gateway.{table}: {provider.id} has no model {name!r}",
                    suggestion(name, provider.models),
                )
    offered = {operation for one in provider.endpoints.values() for operation in one.operations}
    for operation in gateway.operations or ():
        if operation not in offered:
            yield (
                f"gateway.operations: the contract of {provider.id} has no {operation!r}",
                suggestion(operation, offered),
            )


def _told(key: str, action: Callable[[], object]) -> Iterator[Mistake]:
    try:
        action()
    except UsageProblem as problem:
        yield f"{key}: {problem.cause}", problem.hint
