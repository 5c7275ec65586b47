"""Starting: what production refuses, and the secret that `parley dev` keeps for itself."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from parley.app.serve import app_from_environment, dev_secret
from parley.app.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_serving_imports_nothing_that_few_turns_need() -> None:
    """Each of these takes a tenth of a second to half a second; who needs one imports it where it is needed."""
    heavy = ("scipy", "sklearn", "spacy", "openai", "anthropic", "onnxruntime", "av", "pandas", "torch")
    asked = f"import sys, parley.app.serve; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)  # noqa: S603 - ours
    assert done.stdout.strip() == "[]"


def test_production_needs_a_database_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        app_from_environment()
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        app_from_environment()
    monkeypatch.setenv("SECRET_KEY", "a secret of some length")
    assert app_from_environment().title == "Parley", "nothing is opened before the lifespan begins"


def test_the_development_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings.model_construct(data_dir=tmp_path / "data")
    secret = dev_secret(settings)
    assert len(secret) >= 48
    assert dev_secret(settings) == secret
    mode = (tmp_path / "data" / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert dev_secret(Settings.model_construct(data_dir=tmp_path / "other")) != secret


def test_a_given_secret_goes_first_and_is_judged(tmp_path: Path) -> None:
    given = Settings.model_construct(data_dir=tmp_path, secret_key=SecretStr("a secret of some length"))
    assert dev_secret(given) == "a secret of some length"
    assert not (tmp_path / "secret_key").exists()
    with pytest.raises(SettingsError):
        dev_secret(Settings.model_construct(data_dir=tmp_path, secret_key=SecretStr("short")))
