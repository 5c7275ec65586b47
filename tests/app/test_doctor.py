"""`parley doctor` says what is there and what is missing, and shows no secret."""

from __future__ import annotations

import io
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from rich.console import Console

from parley.app.doctor import examine
from parley.app.settings import Settings
from parley.kit.postgres import _ensure_database
from tests.wire.anthropic_server import AnthropicServer


def examined(settings: Settings) -> tuple[bool, str]:
    out = io.StringIO()
    return examine(Console(file=out, width=200), settings), out.getvalue()


@pytest.fixture
def whole(database_url: str, scratch: Path) -> Settings:
    return Settings.model_construct(data_dir=scratch, database_url=SecretStr(database_url))


def test_a_whole_installation(whole: Settings) -> None:
    well, said = examined(whole)
    assert well, said
    assert "held by row-level security" in said
    assert "all-MiniLM-L6-v2" in said or "minilm" in said.lower()
    assert "house/responder" in said
    assert "DATABASE_URL" in said
    assert str(whole.database_url.get_secret_value() if whole.database_url else "") not in said


def test_a_schema_that_is_not_the_newest(whole: Settings, database_url: str) -> None:
    _ensure_database(database_url, "parley_doctor")
    old = whole.model_copy(update={"database_url": SecretStr(database_url.replace("/parley?", "/parley_doctor?"))})
    well, said = examined(old)
    assert not well
    assert "parley migrate" in said
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE parley_doctor WITH (FORCE)")


def test_a_database_that_is_not_there(whole: Settings) -> None:
    gone = SecretStr("postgresql://me:hunter2@127.0.0.1:1/none")
    well, said = examined(whole.model_copy(update={"database_url": gone}))
    assert not well
    assert "hunter2" not in said
    assert "refused" in said


def test_a_model_that_cannot_be_reached_and_one_that_is_gone(whole: Settings) -> None:
    """A dead address is named with its model; nothing but loopback is asked."""
    dead = {"ollama_base_url": "http://127.0.0.1:1/v1", "ollama_model": "llama"}
    well, said = examined(whole.model_copy(update=dead))
    assert not well
    assert "ollama/llama" in said


def test_anthropic_is_asked_with_its_key(whole: Settings) -> None:
    """A good key is reachable, a wrong one is named without being shown, an ending model is hinted at."""
    with AnthropicServer(api_key="sk-ant-right") as server:
        configured = {"anthropic_base_url": f"{server.base_url}/v1", "anthropic_api_key": SecretStr("sk-ant-right")}
        well, said = examined(whole.model_copy(update=configured))
        assert well, said
        assert "anthropic/claude-haiku-5-5" in said
        wrong = {**configured, "anthropic_api_key": SecretStr("sk-ant-wrong-9876")}
        well, said = examined(whole.model_copy(update=wrong))
        assert not well
        assert "anthropic rejected the API key" in said
        assert "9876" not in said
        ending = {**configured, "anthropic_model": "claude-sonnet-4-5"}
        _, said = examined(whole.model_copy(update=ending))
        assert "retired on 2026-11-30" in said


def test_before_the_first_start(tmp_path: Path, scratch: Path) -> None:
    """Nothing is made by looking."""
    fresh = Settings.model_construct(data_dir=tmp_path)
    (tmp_path / "cache").symlink_to(scratch / "cache")
    well, said = examined(fresh)
    assert well, said
    assert "made at the first start" in said
    assert not (tmp_path / "postgres").exists()
