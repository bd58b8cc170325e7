"""The examples of deployment: well-formed, of one piece, and with options the command has.

No container engine is asked: what it makes of them is not tested here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from qwen_image_mock.cli import main
from qwen_image_mock.shared.address import address_of

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PLAIN = re.compile(r"\$\{(\w+)(:\?[^}]*)?\}")


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text("utf-8"))


def resources() -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8")))


def found(kind: str, name: str) -> Any:
    [one] = [each for each in resources() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return one


def container(kind: str, name: str) -> Any:
    [one] = found(kind, name)["spec"]["template"]["spec"]["containers"]
    return one


@pytest.mark.parametrize(
    "words",
    [compose()["services"]["mock"]["command"], container("Deployment", "qwen-image-mock")["args"]],
    ids=["compose", "kubernetes"],
)
def test_the_command_takes_the_options(words: list[str]) -> None:
    context = main.make_context("qwen-image-mock", list(words))
    assert context.params["host"] == "0.0.0.0"  # noqa: S104 # read, not bound
    assert address_of(context.params["store"]).shown == context.params["store"]


def test_a_wrong_option_would_be_seen() -> None:
    with pytest.raises(click.UsageError):
        main.make_context("qwen-image-mock", ["--storage", "redis://redis/0"])


def test_compose_names_what_it_has() -> None:
    document = compose()
    services = document["services"]
    mock, redis = services["mock"], services["redis"]
    assert list(mock["depends_on"]) == ["redis"]
    assert "healthcheck" in redis
    assert redis["volumes"] == [f"{name}:/data" for name in document["volumes"]]
    assert "redis://redis:6379/0" in mock["command"]
    assert "appendonly yes" in redis["command"][-1]
    assert (DEPLOY / mock["build"] / "Dockerfile").is_file()


def test_no_secret_stands_in_the_files() -> None:
    for service in compose()["services"].values():
        assert all(PLAIN.fullmatch(value) for value in service["environment"].values())
    for kind, name in (("Deployment", "qwen-image-mock"), ("StatefulSet", "qwen-image-mock-redis")):
        assert all("secretKeyRef" in row["valueFrom"] for row in container(kind, name)["env"])


def test_kubernetes_selects_what_it_labels() -> None:
    for kind, name in (("Deployment", "qwen-image-mock"), ("StatefulSet", "qwen-image-mock-redis")):
        spec, service = found(kind, name)["spec"], found("Service", name)["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"] == labels == service["selector"]
        ports = {port["name"]: port["containerPort"] for port in container(kind, name)["ports"]}
        assert {port["name"] for port in service["ports"]} <= set(ports)
    redis = container("StatefulSet", "qwen-image-mock-redis")
    claims = found("StatefulSet", "qwen-image-mock-redis")["spec"]["volumeClaimTemplates"]
    assert [mount["name"] for mount in redis["volumeMounts"]] == [
        claim["metadata"]["name"] for claim in claims
    ]
    assert "redis://qwen-image-mock-redis:6379/0" in container("Deployment", "qwen-image-mock")["args"]


def made() -> set[str]:
    """The folders that work leaves behind, as .gitignore lists them."""
    lines = (ROOT / ".gitignore").read_text("utf-8").split()
    return {line.strip("/") for line in lines if line.endswith("/")}


def left_out() -> set[str]:
    """What an image is built without."""
    return {line.removeprefix("**/") for line in (ROOT / ".dockerignore").read_text("utf-8").split()}


def test_an_image_is_built_without_what_work_leaves_behind() -> None:
    """Gateways, peers and environments are a gigabyte that would be sent to the engine each time."""
    assert len(made()) > 8
    assert made() | {".git"} <= left_out()


def test_the_image_does_not_run_as_the_administrator() -> None:
    """By number: Kubernetes cannot tell from a name that it is not the administrator's."""
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    [user] = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert (
        int(user)
        == found("Deployment", "qwen-image-mock")["spec"]["template"]["spec"]["securityContext"]["runAsUser"]
    )
    assert any(f"--uid {user}" in line for line in lines)
