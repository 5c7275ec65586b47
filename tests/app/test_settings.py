"""Settings: the contract's names, one sentence per wrong value, nothing secret on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley.app.settings import Settings, SettingsError, load_settings

NAMES = (
    "DATABASE_URL SECRET_KEY ACCESS_TOKEN_EXPIRE_MINUTES OPENAI_API_KEY OPENAI_BASE_URL GROQ_API_KEY ANTHROPIC_API_KEY "
    "DEEPGRAM_API_KEY ELEVENLABS_API_KEY GOOGLE_APPLICATION_CREDENTIALS RETELL_API_KEY RETELL_BASE_URL "
    "RETELL_FROM_NUMBER TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN ALLOWED_ORIGINS LOG_LEVEL PUBLIC_URL"
).split()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No environment of this machine, no `.env` of this folder."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_name_of_the_contract_is_read() -> None:
    assert set(NAMES) <= {name.upper() for name in Settings.model_fields}


def test_defaults() -> None:
    settings = load_settings()
    assert settings.access_token_expire_minutes == 30
    assert settings.allowed_origins == ["http://localhost:3000"]
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "soon", "integer"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "0", "greater than or equal to 1"),
        ("DATABASE_URL", "mysql://h/d", "postgresql://"),
        ("DATABASE_URL", "secretpassword@h", "postgresql://"),
        ("ALLOWED_ORIGINS", '["http://a"', "JSON list"),
        ("LOG_LEVEL", "LOUD", "DEBUG"),
        ("PUBLIC_URL", "example.com", "https://"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    assert wrong.value.detail.startswith(name)
    assert said in wrong.value.detail
    assert "\n" not in wrong.value.detail
    assert "secretpassword" not in wrong.value.detail
    assert ";" not in wrong.value.detail, "one fault, one sentence"


def test_several_wrong_values_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    monkeypatch.setenv("PUBLIC_URL", "x")
    with pytest.raises(SettingsError, match=r"LOG_LEVEL.*; PUBLIC_URL"):
        load_settings()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('["https://a.example", "https://b.example"]', ["https://a.example", "https://b.example"]),
        ("https://a.example, https://b.example,", ["https://a.example", "https://b.example"]),
        ("[]", []),
    ],
)
def test_origins_may_be_json_or_a_list_with_commas(
    monkeypatch: pytest.MonkeyPatch, written: str, read: list[str]
) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", written)
    assert load_settings().allowed_origins == read


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("RETELL_BASE_URL", "https://api.retellai.com/v2", "https://api.retellai.com"),
        ("RETELL_BASE_URL", "https://api.retellai.com/v2/", "https://api.retellai.com"),
        ("RETELL_BASE_URL", "https://api.retellai.com", "https://api.retellai.com"),
        ("PUBLIC_URL", "https://parley.example/", "https://parley.example"),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("OPENAI_MODEL", "", None),
    ],
)
def test_values_are_brought_into_form(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, read: str | None
) -> None:
    monkeypatch.setenv(name, written)
    assert getattr(load_settings(), name.lower()) == read


def test_a_file_is_read_and_the_environment_goes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("LOG_LEVEL=ERROR\nOPENAI_MODEL=from-file\nUNKNOWN_NAME=x\n")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    settings = load_settings()
    assert (settings.log_level, settings.openai_model) == ("DEBUG", "from-file")
    assert load_settings(log_level="WARNING").log_level == "WARNING"


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        name.upper(): f"{name}-value-that-is-secret"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation) and name != "database_url"
    }
    secrets["DATABASE_URL"] = "postgresql://me:password-that-is-secret@h/d"
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    shown = f"{settings.shown()} {settings!r} {settings}"
    assert "that-is-secret" not in shown
    assert settings.shown()["OPENAI_API_KEY"].startswith("set")
    assert settings.shown()["GROQ_MODEL"] == "not set"
    monkeypatch.setenv("GROQ_API_KEY", "short")
    assert load_settings().shown()["GROQ_API_KEY"] == "set", "of a short secret nothing is shown"


@pytest.mark.parametrize("key", [None, "", "changeme", "x" * 15, "your-secret-key"])
def test_a_server_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    if key is not None:
        monkeypatch.setenv("SECRET_KEY", key)
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        load_settings().require_secret_key()
    monkeypatch.setenv("SECRET_KEY", "k" * 16)
    assert load_settings().require_secret_key() == "k" * 16
