"""The command line: light to load, every command explains itself, and wrong input ends in one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from parley.app.cli import app
from parley.app.settings import Settings

HEAVY = ("fastapi", "sqlalchemy", "openai", "onnxruntime", "numpy", "pydantic", "alembic", "uvicorn", "rich.console")


def commands() -> list[list[str]]:
    """Every command and group, by its words."""
    found: list[list[str]] = [[]]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        found.append([name])
        found += [[name, inner] for inner in getattr(command, "commands", {})]
    return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command as a user does, without this machine's environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env=environment)

    return invoke


def test_help_loads_nothing_heavy() -> None:
    """`parley --help` is instant because each command imports what it needs."""
    script = f"import sys, parley.app.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words) or "parley")
def test_every_command_explains_itself(words: list[str]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0, shown.output
    assert "Usage:" in shown.output
    command = get_command(app)
    for word in words:
        command = command.commands[word]  # type: ignore[attr-defined]
    assert (command.help or "").endswith("."), "a sentence says what it does"


def test_the_commands_are_those_of_the_readme() -> None:
    assert {words[0] for words in commands() if words} >= {
        "dev", "serve", "worker", "migrate", "chat", "ingest", "user", "doctor", "backup", "restore",
    }  # fmt: skip


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.2", "::", "example.com"])  # noqa: S104
def test_an_open_server_stays_at_home(run: Callable[..., Result], tmp_path: Path, host: str) -> None:
    done = run("dev", "--host", host, "--data-dir", str(tmp_path / "data"))
    assert done.exit_code == 1
    assert "--allow-open" in done.stderr
    assert host in done.stderr
    assert not (tmp_path / "data").exists(), "nothing was started"


def test_a_port_in_use_is_told_before_anything_is_started(run: Callable[..., Result], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = run("dev", "--port", port, "--data-dir", str(tmp_path / "data"))
    assert done.exit_code == 1
    assert done.stderr.startswith(f"parley: Could not listen on 127.0.0.1:{port} (Address already in use).")
    assert "--port" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("serve",), {}, "SECRET_KEY"),
        (("serve",), {"SECRET_KEY": "changeme"}, "SECRET_KEY"),
        (("migrate",), {"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        (("doctor",), {"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        (("migrate",), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "database cannot be reached"),
        (("backup",), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "pg_dump"),
        (("worker",), {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SECRET_KEY": "k" * 20}, "database"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    run: Callable[..., Result], arguments: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    done = run(*arguments, **environment)
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.startswith("parley: ")
    assert "Traceback" not in done.stderr


def test_a_real_process_ends_so_too(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from parley.app.cli import main; main()", "serve"]
    clean = {**os.environ, "SECRET_KEY": "short", "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=clean, cwd=tmp_path, check=False)  # noqa: S603
    assert done.returncode == 1
    assert done.stderr.startswith("parley: SECRET_KEY must be random")


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    for words in (["ingest", "no-such-file"], ["restore", "no-such-file"], ["dev", "--port", "70000"], ["nothing"]):
        shown = CliRunner().invoke(app, words)
        assert shown.exit_code == 2, words
    asked = CliRunner().invoke(app, ["restore", __file__, "--data-dir", str(tmp_path)], input="no\n")
    assert asked.exit_code == 1
    assert "Nothing was changed" in asked.output


def test_the_command_runs_as_a_module_too() -> None:
    command = [sys.executable, "-m", "parley.app.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0
    assert "dev" in done.stdout
