"""Models that vendors have switched off or announced to switch off, so that a configured dead model gets a clear hint.

Source: the vendors' deprecation pages as of 2026-11-20. A model that is not listed here may still be gone: the vendor's
404 is the truth, this table only explains it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$")


@dataclass(frozen=True, slots=True)
class Retirement:
    """The day a model stops answering, and what to configure instead ("" where the vendor names nothing)."""

    vendor: str
    on: date
    replacement: str = ""


_OPENAI_CHAT = "openai/gpt-5.4-mini"
_OPENAI_REALTIME = "gpt-realtime-2.1"


def _rows(vendor: str, on: date, replacement: str, *models: str) -> dict[str, Retirement]:
    return dict.fromkeys(models, Retirement(vendor, on, replacement))


RETIRED: dict[str, Retirement] = {
    **_rows("openai", date(2026, 5, 7), _OPENAI_REALTIME, "gpt-4o-audio-preview", "gpt-4o-mini-audio-preview"),
    **_rows(
        "openai", date(2026, 10, 23), _OPENAI_CHAT,
        "gpt-4", "gpt-4-turbo", "gpt-3.5-turbo", "o1", "o3-mini", "o4-mini", "gpt-4.1-nano",
    ),
    **_rows("openai", date(2026, 12, 11), _OPENAI_CHAT, "gpt-5", "gpt-5-mini", "gpt-5-nano", "o3"),
    **_rows("openai", date(2027, 1, 6), "gpt-realtime-2.1-mini", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"),
    **_rows("openai", date(2027, 1, 14), _OPENAI_CHAT, "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini"),
    **_rows("openai", date(2027, 1, 20), _OPENAI_REALTIME, "gpt-realtime", "gpt-realtime-2025-08-28"),
    **_rows("openai", date(2027, 1, 20), "gpt-realtime-2.1-mini", "gpt-realtime-mini", "gpt-audio-mini"),
    **_rows(
        "openai", date(2027, 2, 26), "gpt-transcribe",
        "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize",
    ),
    **_rows("openai", date(2027, 4, 1), _OPENAI_CHAT, "gpt-5.1", "gpt-5.4-nano"),
    **_rows("groq", date(2026, 9, 21), "", "groq/compound", "groq/compound-mini"),
    **_rows("groq", date(2026, 9, 14), "groq/qwen/qwen3.8-27b", "qwen/qwen3.6-27b"),
    **_rows("groq", date(2026, 8, 16), "groq/openai/gpt-oss-20b", "llama-3.1-8b-instant"),
    **_rows("groq", date(2026, 8, 16), "groq/openai/gpt-oss-120b", "llama-3.3-70b-versatile"),
    **_rows(
        "groq", date(2026, 7, 17), "groq/openai/gpt-oss-120b",
        "qwen/qwen3-32b", "meta-llama/llama-4-scout-17b-16e-instruct",
    ),
    **_rows("groq", date(2026, 4, 15), "groq/openai/gpt-oss-120b", "moonshotai/kimi-k2-instruct-0905"),
    **_rows("groq", date(2026, 3, 9), "groq/openai/gpt-oss-120b", "meta-llama/llama-4-maverick-17b-128e-instruct"),
    **_rows("groq", date(2026, 3, 5), "openai/gpt-oss-safeguard-20b", "meta-llama/llama-guard-4-12b"),
    **_rows("groq", date(2025, 12, 31), "canopylabs/orpheus-v1-english", "playai-tts"),
    **_rows("groq", date(2025, 12, 31), "canopylabs/orpheus-arabic-saudi", "playai-tts-arabic"),
    **_rows("groq", date(2025, 8, 23), "whisper-large-v3-turbo", "distil-whisper-large-v3-en"),
    **_rows("anthropic", date(2026, 2, 19), "anthropic/claude-sonnet-5-5", "claude-3-7-sonnet", "claude-3-5-sonnet"),
    **_rows("anthropic", date(2026, 2, 19), "anthropic/claude-haiku-5-5", "claude-3-5-haiku"),
    **_rows("anthropic", date(2026, 6, 15), "anthropic/claude-opus-5-5", "claude-opus-4", "claude-opus-4-0"),
    **_rows("anthropic", date(2026, 6, 15), "anthropic/claude-sonnet-5-5", "claude-sonnet-4", "claude-sonnet-4-0"),
    **_rows("anthropic", date(2026, 11, 30), "anthropic/claude-sonnet-5-5", "claude-sonnet-4-5"),
}  # fmt: skip


def _find(model: str) -> tuple[str, Retirement] | None:
    """The row for a bare id, a catalog name ("groq/llama-3.1-8b-instant") or a dated id ("gpt-4o-2024-11-20")."""
    written = model.strip().lower()
    for name in (written, written.partition("/")[2]):
        for candidate in (name, _DATED.sub("", name)):
            if candidate in RETIRED:
                return candidate, RETIRED[candidate]
    return None


def hint(model: str, today: date | None = None) -> str | None:
    """One sentence about a retired or ending model, or None for a model that is not listed."""
    found = _find(model)
    if found is None:
        return None
    name, row = found
    instead = f", use {row.replacement}" if row.replacement else ""
    day = today or date.today()  # noqa: DTZ011 - a shutdown date has no time zone
    if row.on <= day:
        return f"{name} was retired on {row.on.isoformat()}{instead}."
    return f"{name} will be retired on {row.on.isoformat()}{instead}."


def is_gone(vendor: str, model: str, today: date) -> bool:
    """Whether the vendor has switched this model off by `today`. Enterprise contracts may still reach some."""
    found = _find(model)
    return found is not None and found[1].vendor == vendor and found[1].on <= today
