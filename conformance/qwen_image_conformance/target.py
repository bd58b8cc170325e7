"""What is tested: a base URL, the variable that holds the key, and how its paths join."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from qwen_image_conformance.configuration import Description
from qwen_image_conformance.problems import UsageProblem
from qwen_image_spec.model import Provider

OWN_VARIABLE = "QWEN_IMAGE_API_KEY"
_PLACEHOLDER = "sk-conformance"


@dataclass(frozen=True, slots=True)
class Target:
    """A server under test. `variable` is the name of the variable that holds the key; the key itself is never printed.

    The key goes into the header `header`, after `scheme` when there is one. `headers` go along with every request;
    `hidden` names the variables of those among them that are secret.
    """

    url: str
    variable: str
    key: str
    header: str = "authorization"
    scheme: str = "Bearer"
    headers: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """The whole URL of a path of the provider's document."""
        return self.url + path

    def credentials(self, key: str) -> dict[str, str]:
        """The header that carries a key."""
        return {self.header: f"{self.scheme} {key}".strip()}

    @property
    def local(self) -> bool:
        """True for a server on this machine."""
        return is_local(self.url)


def is_local(url: str) -> bool:
    """Whether a URL points to the loopback."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_address(url: str) -> bool:
    """Whether a text is the address of a server: http or https, with a host, and a port that can be one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        return False


def check_address(url: str) -> None:
    """Raise UsageProblem for a --url that is no address."""
    if not is_address(url):
        raise UsageProblem(
            f"--url {url!r} is no http(s) address",
            "write it like http://127.0.0.1:8000 or https://gw.example.com/prefix",
        )


def make_target(provider: Provider, url: str, key_env: str | None = None) -> Target:
    """The target for a base URL; raises UsageProblem when the URL or the key is unusable.

    The key comes from `key_env`, else QWEN_IMAGE_API_KEY, else the provider's own variable. A server on this machine is
    given a placeholder when none of them is set.
    """
    check_address(url)
    folded = fold(url, provider)
    names = [key_env] if key_env else [OWN_VARIABLE, provider.key_env]
    for name in names:
        value = os.environ.get(name, "").strip()
        if value:
            return Target(folded, name, value)
    if key_env:
        raise UsageProblem(
            f"the variable {key_env} is not set",
            f"export {key_env}=... (keys are never given on the command line)",
        )
    if is_local(url):
        return Target(folded, OWN_VARIABLE, _PLACEHOLDER)
    raise UsageProblem(
        f"no key for {urlsplit(url).hostname}",
        f"export {names[-1]}=... or name another variable with --key-env",
    )


def described(target: Target, description: Description) -> Target:
    """The target with what its description says of headers; raises UsageProblem for a variable that is not set."""
    headers = {**description.headers, **description.secret_headers()}
    return replace(
        target,
        header=description.auth_header,
        scheme=description.auth_scheme,
        headers=headers,
        hidden=description.headers_env,
    )


def fold(url: str, provider: Provider) -> str:
    """The URL without a trailing `/`, and without an ending that the provider's paths repeat (`/v1`, `/api/v1`, ...)."""
    base = url.rstrip("/")
    for endpoint in provider.endpoints.values():
        keys = endpoint.path.strip("/").split("/")
        for length in range(len(keys), 0, -1):
            ending = "/" + "/".join(keys[:length])
            if base.endswith(ending) and urlsplit(base).path.endswith(ending):
                return base[: -len(ending)]
    return base
