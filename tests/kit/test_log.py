"""Logs carry no secrets and no variables of a traceback."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from parley.kit import log
log.configure(sys.argv[1], json=sys.argv[2] == "json")
logger = log.get("room")
logger.info("something.happened", count=3, password="hunter2", api_key="sk-1", token="t-1", authorization="Bearer b-1")
try:
    spoken = "the caller's own words"
    raise ValueError("a fault")
except ValueError:
    logger.error("request.crashed", exc_info=True)
try:
    raise ValueError("duplicate key\\nDETAIL: Key (email)=(anna@example.com) already exists.")
except ValueError:
    logger.error("database.refused", exc_info=True)
"""


def logged(level: str, form: str) -> str:
    """What a process of its own writes: logging is set up once per process."""
    command = [sys.executable, "-c", SCRIPT, level, form]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("form", ["json", "plain"])
def test_secrets_and_words_stay_out(form: str) -> None:
    seen = logged("INFO", form)
    for secret in ("hunter2", "sk-1", "t-1", "b-1"):
        assert secret not in seen
    assert "anna@example.com" not in seen, "PostgreSQL's DETAIL quotes the row"
    assert "something.happened" in seen
    assert "ValueError: a fault" in seen
    assert seen.count("the caller's own words") <= 1, "the source line may show, the variable's value may not"


def test_json_lines_are_json_with_fields() -> None:
    lines = [json.loads(line) for line in logged("INFO", "json").splitlines()]
    assert lines[0]["event"] == "something.happened"
    assert (lines[0]["room"], lines[0]["count"], lines[0]["level"], lines[0]["password"]) == ("room", 3, "info", "***")
    assert lines[0]["timestamp"].endswith("Z")
    assert "ValueError: a fault" in lines[1]["exception"]


def test_the_level_holds() -> None:
    assert "something.happened" not in logged("ERROR", "json")
    assert "request.crashed" in logged("ERROR", "json")
