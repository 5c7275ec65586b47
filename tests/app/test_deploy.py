"""What ships Parley: the image, the compose files, the Kubernetes manifests; checked without a container engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer.main
import yaml

from parley.app.cli import app
from parley.app.serve import REQUESTS_END_WITHIN

ROOT = Path(__file__).parents[2]
MANIFESTS = sorted(
    path for path in (ROOT / "deploy" / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml"
)


def compose(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return read


def resources() -> list[dict[str, Any]]:
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def pods() -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in resources()
        if one["kind"] in {"Deployment", "Job"}
    }


def commands() -> list[list[str]]:
    """Every way in which something here starts Parley."""
    composed = [
        service["command"]
        for name in ("docker-compose.yml", "docker-compose.dev.yml")
        for service in compose(name)["services"].values()
        if "command" in service
    ]
    podded = [pod["containers"][0]["args"] for pod in pods().values()]
    last = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("CMD ")][-1]
    return [*composed, *podded, yaml.safe_load(last.removeprefix("CMD "))]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_the_dockerfile_has_no_fault() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint is among the locked development packages"
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_are_what_kubernetes_expects(path: Path) -> None:
    for one in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        kubernetes_validate.validate(one, "1.31", strict=True)


def test_the_kustomization_names_every_manifest_but_the_secret() -> None:
    named = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "kustomization.yaml").read_text())["resources"]
    assert sorted(named) == [path.name for path in MANIFESTS if "secret" not in path.name]


def test_every_command_is_one_of_ours_with_options_that_exist() -> None:
    group = typer.main.get_command(app)
    for program, *arguments in commands():
        assert program == "parley"
        with group.make_context("parley", list(arguments), resilient_parsing=False) as outer:
            name, command, rest = group.resolve_command(outer, [*outer._protected_args, *outer.args])  # type: ignore[attr-defined]
            command.make_context(name, rest, parent=outer)


def test_the_services_and_the_database_have_the_names_that_people_use() -> None:
    for name in ("docker-compose.yml", "docker-compose.dev.yml"):
        services = compose(name)["services"]
        assert {"db", "backend"} <= set(services)
        assert services["db"]["environment"]["POSTGRES_DB"] == "realtime_agents"
        assert services["db"]["image"].startswith("pgvector/pgvector:")
    assert "worker" in compose("docker-compose.yml")["services"]


def test_development_is_published_on_loopback_alone_and_production_needs_its_secrets() -> None:
    development = compose("docker-compose.dev.yml")["services"]
    published = [port for service in development.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    production = compose("docker-compose.yml")["services"]
    assert "ports" not in production["db"]
    assert "--allow-open" not in production["backend"]["command"]
    assert production["backend"]["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert production["db"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_nothing_is_killed_before_its_calls_have_ended() -> None:
    backend = compose("docker-compose.yml")["services"]["backend"]
    drain = int(backend["environment"]["DRAIN_SECONDS"])
    assert seconds(backend["stop_grace_period"]) >= drain + REQUESTS_END_WITHIN
    pod = pods()["backend"]
    [container] = pod["containers"]
    [drain] = [int(one["value"]) for one in container["env"] if one["name"] == "DRAIN_SECONDS"]
    waits = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= waits + drain + REQUESTS_END_WITHIN


def test_pods_run_as_nobody_and_write_nothing_but_their_data() -> None:
    for pod in pods().values():
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
