"""The words that announce personal data (data/cues.yaml), as regex sources."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml


@cache
def _cues() -> dict[str, list[str]]:
    text = resources.files("parley.privacy").joinpath("data", "cues.yaml").read_text(encoding="utf-8")
    cues: dict[str, list[str]] = yaml.safe_load(text)
    return cues


def cue(name: str) -> str:
    """The alternatives of one kind as one non-capturing group, the longest first."""
    return f"(?:{'|'.join(sorted(_cues()[name], key=len, reverse=True))})"
