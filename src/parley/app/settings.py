"""Every setting, in one tree, read from the environment and `.env` under the names clients know.

A wrong value stops the start with a sentence (`SettingsError`); secrets print masked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from parley.kit.errors import VoiceAgentException

_UNSAFE_KEYS = frozenset({"changeme", "change-me", "secret", "your-secret-key", "dev", "test"})
LEAST_SECRET = 16


class SettingsError(VoiceAgentException):
    """A setting is wrong; the sentence names it."""

    code = "settings.invalid"


class Settings(BaseSettings):
    """What an operator may set. Empty optional values count as not set."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    database_url: SecretStr | None = None
    secret_key: SecretStr | None = None
    scenarios_dir: Path | None = None
    data_dir: Path = Path("~/.parley")
    access_token_expire_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    allowed_origins: Annotated[list[str], NoDecode] = ["http://localhost:3000"]
    outbound_allow: Annotated[list[str], NoDecode] = []
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    public_url: str | None = None
    tenant_requests_per_minute: Annotated[int, Field(ge=1)] = 30_000
    tenant_concurrent_turns: Annotated[int, Field(ge=1)] = 500
    otel_exporter_otlp_endpoint: str | None = None
    recordings_url: str | None = Field(
        default=None, description="Where recordings lie: a folder or an fsspec address. Not set: DATA_DIR/recordings."
    )
    drain_seconds: Annotated[int, Field(ge=0, le=24 * 60 * 60)] = 600

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    openai_model: str | None = None
    groq_api_key: SecretStr | None = None
    groq_base_url: str | None = None
    groq_model: str | None = None
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str | None = None
    anthropic_model: str | None = None
    vllm_base_url: str | None = None
    vllm_model: str | None = None
    ollama_base_url: str | None = None
    ollama_model: str | None = None
    llamacpp_base_url: str | None = None
    model_prices: dict[str, tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]] = {}
    embeddings_model: str | None = Field(
        default=None, description="A model of an OpenAI-compatible embeddings endpoint, in place of the local embedder."
    )
    embeddings_base_url: str | None = None
    embeddings_api_key: SecretStr | None = None

    max_sessions: Annotated[int, Field(ge=1)] = Field(
        default=200, description="Live voice sessions per server process; one more is refused."
    )
    whisper_weights: Path | None = Field(
        default=None, description="A folder with converted Whisper weights (model.bin), for faster-whisper."
    )
    piper_voices: Path | None = Field(
        default=None, description="A folder with Piper voices (NAME.onnx, NAME.onnx.json)."
    )

    stt_model: str | None = Field(
        default=None, description="Who hears first, as vendor/model, where an agent names nobody."
    )
    tts_model: str | None = Field(
        default=None, description="Who speaks first, as vendor/model, where an agent names nobody."
    )

    deepgram_api_key: SecretStr | None = None
    deepgram_base_url: str | None = None
    elevenlabs_api_key: SecretStr | None = None
    elevenlabs_base_url: str | None = None
    google_application_credentials: Path | None = None
    google_speech_location: str = "global"
    aws_access_key_id: SecretStr | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_region: str | None = None
    retell_api_key: SecretStr | None = None
    retell_base_url: str | None = None
    retell_from_number: str | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from_number: str | None = None
    twilio_base_url: str | None = None

    @field_validator("allowed_origins", "outbound_allow", mode="before")
    @classmethod
    def _origins(cls, value: Any) -> Any:
        """A JSON list, or names with commas between them."""
        if not isinstance(value, str):
            return value
        text = value.strip()
        if text.startswith("["):
            import orjson

            try:
                return orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise ValueError('is not a JSON list such as ["https://app.example.com"]') from error
        return [part.strip() for part in text.split(",") if part.strip()]

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(
            ("postgres://", "postgresql://", "postgresql+")
        ):
            raise ValueError("must start with postgresql:// or postgres://")
        return value

    @field_validator("retell_base_url")
    @classmethod
    def _without_version(cls, value: str | None) -> str | None:
        """The vendor's SDK adds the version to the path itself."""
        return value.rstrip("/").removesuffix("/v2") if value else value

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("must start with https:// or http://")
        return value.rstrip("/") if value else value

    def require_secret_key(self) -> str:
        """The master secret, or `SettingsError`: only `parley dev` makes one of its own."""
        if self.secret_key is None:
            raise SettingsError(
                "SECRET_KEY is not set. Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        key = self.secret_key.get_secret_value()
        if len(key) < LEAST_SECRET or key.lower() in _UNSAFE_KEYS:
            raise SettingsError(f"SECRET_KEY must be random and at least {LEAST_SECRET} characters long.")
        return key

    def shown(self) -> dict[str, str]:
        """Every setting as text, secrets masked, in the environment's names."""
        return {name.upper(): _masked(value) for name, value in self.model_dump().items()}


def _masked(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        return f"set ({text[:3]}…)" if len(text) > 12 else "set"
    return str(value)


def load_settings(**overrides: Any) -> Settings:
    """Read the environment. Raises `SettingsError` with one sentence per wrong value."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            name = str(fault["loc"][0]).upper() if fault["loc"] else "settings"
            faults.append(f"{name} {fault['msg'].removeprefix('Value error, ')}")
        raise SettingsError("; ".join(faults)) from error
