"""Which endpoint of which provider a path belongs to. Odd spellings are answered, never redirected."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_spec.model import Endpoint, Provider

_SLASHES = re.compile("/{2,}")
_VARIABLE = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class Route:
    """What stands at one path: its provider and its endpoints by method."""

    provider: Provider
    endpoints: dict[str, Endpoint]


def normalise(path: str) -> str:
    """A path with single slashes and none at its end."""
    return _SLASHES.sub("/", path).rstrip("/") or "/"


def spellings(path: str, style: str) -> tuple[str, ...]:
    """The path as documented, and as OpenAI clients write it after another base address.

    Those are the path from `/v1` on, and what stands after `/v1`.
    """
    _, version, after = path.partition("/v1/")
    if style != "openai" or not version:
        return (path,)
    return tuple(dict.fromkeys((path, f"/v1/{after}", f"/{after}")))


class Router:
    """Paths of every provider: under `/{provider}` each, and bare for those of `bare`.

    `bare` maps a path prefix to the provider that answers there when no provider is named.
    """

    def __init__(self, providers: Mapping[str, Provider], bare: Mapping[str, str]) -> None:
        self._routes: dict[str, Route] = {}
        self._mounts: dict[str, Provider] = {}
        for provider in providers.values():
            self._mount(provider, f"/{provider.id}")
        for prefix, name in bare.items():
            if name in providers:
                self._mount_bare(providers[name], prefix)

    def _mount(self, provider: Provider, mount: str) -> None:
        self._mounts[mount] = provider
        for endpoint in provider.endpoints.values():
            for path in spellings(endpoint.path, provider.style):
                self._add(provider, endpoint, mount + path)

    def _mount_bare(self, provider: Provider, prefix: str) -> None:
        self._mounts[prefix] = provider
        head = prefix.rpartition("/")[0]
        for endpoint in provider.endpoints.values():
            path = endpoint.path
            self._add(provider, endpoint, path if path.startswith(prefix) else head + path)
            for other in spellings(path, provider.style):
                self._add(provider, endpoint, other)

    def _add(self, provider: Provider, endpoint: Endpoint, path: str) -> None:
        key = _VARIABLE.sub("{}", normalise(path))
        known = self._routes.get(key)
        if known is None:
            known = self._routes[key] = Route(provider, {})
        elif known.provider is not provider:
            return
        known.endpoints.setdefault(endpoint.method, endpoint)

    def find(self, path: str) -> tuple[Route | None, str]:
        """The route of a path and the value of its variable part (empty when it has none)."""
        route = self._routes.get(path)
        if route is not None:
            return route, ""
        path = normalise(path)
        route = self._routes.get(path)
        if route is not None:
            return route, ""
        head, _, last = path.rpartition("/")
        route = self._routes.get(head + "/{}")
        if route is not None:
            return route, last
        head, _, middle = head.rpartition("/")
        return self._routes.get(f"{head}/{{}}/{last}"), middle

    def provider_at(self, path: str) -> Provider | None:
        """The provider below whose mount a path lies, known or not."""
        path = normalise(path)
        while path and path != "/":
            if path in self._mounts:
                return self._mounts[path]
            path = path.rpartition("/")[0]
        return None
