"""The description of a target (`qwen-image.toml`): what is tested, and what is known of the gateway in between.

`init` writes it, `validate` explains its mistakes, `run --config` and `plan --config` use it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qwen_image_conformance.configuration_keys import OPTIONS, mistakes
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_spec.model import Provider

FILE = "qwen-image.toml"


@dataclass(frozen=True)
class Description:
    """What a file says of a target.

    `options` are defaults for the command's options, by their names. `urls` are base addresses by provider or style.
    `headers_env` names the variables that hold the values of further headers: those are never shown.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    auth_header: str = "authorization"
    auth_scheme: str = "Bearer"
    headers: Mapping[str, str] = field(default_factory=dict)
    headers_env: Mapping[str, str] = field(default_factory=dict)
    gateway: Gateway = field(default_factory=Gateway)

    def url_for(self, provider: Provider) -> str | None:
        """The base address for a provider's paths: its own, that of its style, or the common one."""
        return self.urls.get(provider.id) or self.urls.get(provider.style) or self.url

    def secret_headers(self) -> dict[str, str]:
        """The headers whose values stand in variables; raises UsageProblem for a variable that is not set."""
        for name, variable in self.headers_env.items():
            if not os.environ.get(variable, "").strip():
                raise UsageProblem(
                    f"the variable {variable} of the header {name} is not set", f"export {variable}=..."
                )
        return {name: os.environ[variable].strip() for name, variable in self.headers_env.items()}


def parsed(path: Path) -> dict[str, Any]:
    """The file as data; raises UsageProblem when it cannot be read as TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageProblem(
            f"{path}: {error.strerror}", "write one with: qwen-image-conformance init"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageProblem(
            f"{path} is not readable as TOML: {error}", "texts stand in quotes, lists in brackets"
        ) from error


def read(path: Path) -> Description:
    """What a file says. Raises UsageProblem with its first mistake, and the nearest right name."""
    data = parsed(path)
    for cause, hint in mistakes(data):
        raise UsageProblem(f"{path}: {cause}", hint)
    auth, gateway = data.get("auth", {}), data.get("gateway", {})
    operations = gateway.get("operations")
    known = {
        key: gateway[key]
        for key in ("models", "upstream_models", "extras", "rewrites_urls")
        if key in gateway
    }
    return Description(
        _options(path, data),
        data.get("url"),
        data.get("urls", {}),
        auth.get("header", "authorization").lower(),
        auth.get("scheme", "Bearer"),
        {name.lower(): value for name, value in data.get("headers", {}).items()},
        {name.lower(): value for name, value in data.get("headers_env", {}).items()},
        Gateway(
            operations=None if operations is None else tuple(operations),
            quiet_gap=float(gateway.get("quiet_gap", 0.0)),
            **known,
        ),
    )


def _options(path: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in OPTIONS.items():
        if key in data:
            value = data[key]
            found[name] = (
                tuple(f"{model}={amount}" for model, amount in value.items())
                if isinstance(value, dict)
                else value
            )
    for name in ("provider", "baseline_file"):
        if isinstance(found.get(name), str) and (path.parent / found[name]).is_file():
            found[name] = str(path.parent / found[name])
    return found
