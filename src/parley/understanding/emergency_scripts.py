"""The fixed words that are spoken at once in an emergency, whatever a model would say."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import yaml


def emergency_script(kind: str, language: str, agent_type: str = "") -> str:
    """What to say first in an emergency of `kind` (see `emergency.KINDS`).

    `language` is an ISO 639-1 code; anything but "de" gets English. An agent type with its own lines (dispatch) is
    answered with them, any other with the default ones; an unknown kind with those for "other".
    """
    scripts = _scripts("de" if language.lower().startswith("de") else "en")
    kind = kind if kind in scripts["default"] else "other"
    return scripts.get(agent_type, {}).get(kind) or scripts["default"][kind]


@lru_cache(maxsize=2)
def _scripts(language: str) -> dict[str, dict[str, str]]:
    source = resources.files("parley.understanding") / "data" / f"emergency_scripts_{language}.yaml"
    scripts: dict[str, dict[str, str]] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return scripts
