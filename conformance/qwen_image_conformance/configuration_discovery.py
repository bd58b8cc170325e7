"""What a gateway tells of itself for nothing: its list of models, and which paths it knows. Only GET is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from qwen_image_conformance.budget import Budget
from qwen_image_conformance.client import Client
from qwen_image_conformance.configuration_template import Known
from qwen_image_conformance.exchange import Received
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.target import check_address, make_target
from qwen_image_spec.loader import load
from qwen_image_spec.model import Provider

_LIST = "/v1/models"
_PAID = ("generate", "edit", "submit")
_PATIENCE = 10.0
_EXAMPLE = "https://gw.example.com"


@dataclass(frozen=True)
class Discovered:
    """What was found. `aliases` are names of the contract with those the gateway lists for them."""

    models: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def discover(provider: Provider, url: str, key_env: str | None = None) -> Discovered:
    """Ask a gateway for its models, and every path for a word; a gateway that does not answer gives a note only."""
    try:
        target = make_target(provider, url, key_env)
    except UsageProblem as problem:
        return Discovered(notes=(f"Nothing was asked: {problem.cause} ({problem.hint}).",))
    client = Client(target, Budget(0), timeout=_PATIENCE)
    try:
        listed = _get(client, _models_path(provider))
        if listed.error:
            return Discovered(notes=(f"{target.url} did not answer: {listed.error}",))
        names = _names(listed)
        missing, notes = _paths(provider, client)
    finally:
        client.close()
    aliases = _aliases(provider, names)
    others = [name for name in names if name not in aliases.values()]
    if others:
        more = f" and {len(others) - 12} more" if len(others) > 12 else ""
        notes.append(f"It also lists: {', '.join(others[:12])}{more}.")
    if not names:
        notes.insert(0, f"GET {_models_path(provider)} answered {listed.status} and no list of models.")
    return Discovered(tuple(aliases), _renamed(aliases), missing, tuple(notes))


def known_of(
    provider: Provider, name: str, url: str | None, key_env: str | None, models: Sequence[str]
) -> Known:
    """What can be known of a gateway without paying. Without an address nothing is asked, and an example stands for it.

    Raises UsageProblem for an address that is none.
    """
    if url is not None:
        check_address(url)
    found = discover(provider, url, key_env) if url is not None else Discovered()
    chosen = tuple(models) or found.models or (next(iter(provider.models)),)
    plan = make_plan(load(), provider, chosen)
    contract = dict.fromkeys(operation for one in provider.endpoints.values() for operation in one.operations)
    return Known(
        name,
        url or _EXAMPLE,
        chosen,
        plan.images,
        [operation for operation in contract if operation not in found.missing],
        {model: alias for model, alias in found.aliases.items() if model in chosen},
        found.notes,
        key_env,
    )


def _models_path(provider: Provider) -> str:
    own = (one.path for one in provider.endpoints.values() if "models" in one.operations)
    return next(own, _LIST)


def _get(client: Client, path: str) -> Received:
    return client.send("GET", path, b"", {"accept": "application/json"}, "key")[1]


def _names(answer: Received) -> list[str]:
    """The names of a list of models as OpenAI writes it; none when the answer is something else."""
    try:
        body = orjson.loads(answer.body) if answer.status == 200 else None
    except orjson.JSONDecodeError:
        return []
    rows = body.get("data") if isinstance(body, dict) else None
    names = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [name for name in names if isinstance(name, str) and name.isprintable()]


def _aliases(provider: Provider, names: Iterable[str]) -> dict[str, str]:
    """For each model of the contract the listed name: the same, or the same behind a prefix (`vendor/MODEL`)."""
    listed = list(names)
    found: dict[str, str] = {}
    for model in provider.models:
        same = [name for name in listed if name == model]
        behind = [name for name in listed if name.endswith((f"/{model}", f":{model}"))]
        if same or behind:
            found[model] = (same or behind)[0]
    return found


def _renamed(aliases: Mapping[str, str]) -> dict[str, str]:
    return {model: name for model, name in aliases.items() if name != model}


def _paths(provider: Provider, client: Client) -> tuple[tuple[str, ...], list[str]]:
    """The operations all of whose paths answer 404, and what each path answered, in words."""
    known: dict[str, bool] = {}
    notes: list[str] = []
    for endpoint in provider.endpoints.values():
        if "{" in endpoint.path or endpoint.method != "POST":
            continue
        answer = _get(client, endpoint.path)
        there = answer.status not in (0, 404)
        notes.append(f"GET {endpoint.path} answered {answer.status}: {'known' if there else 'not offered'}.")
        for operation in endpoint.operations:
            known[operation] = known.get(operation, False) or there
    return tuple(name for name in _PAID if known.get(name) is False), notes
