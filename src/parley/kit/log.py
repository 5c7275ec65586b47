"""Logs: constant dotted event names, values as fields, never a caller's words.

JSON lines when the output is not a terminal, colours when it is.
"""

from __future__ import annotations

import io
import logging
import re
import sys
from typing import Any

import structlog
from typing_extensions import override

_SECRET_FIELDS = frozenset({"password", "token", "api_key", "secret", "authorization", "credentials"})


_DETAIL = re.compile(r"^DETAIL: .*$", re.MULTILINE)


def _without_rows(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """PostgreSQL's DETAIL lines quote the row at fault."""
    if isinstance(text := event.get("exception"), str):
        event["exception"] = _DETAIL.sub("DETAIL: (left out)", text)
    return event


def _mask_secrets(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for name in event.keys() & _SECRET_FIELDS:
        event[name] = "***"
    return event


class _StandardError(io.StringIO):
    """Standard error as it is when a line is written: whoever replaces it for a while gets what is said meanwhile."""

    @override
    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    @override
    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str = "INFO", *, json: bool | None = None) -> None:
    """Set the process up once. `json` None: JSON unless standard error is a terminal."""
    as_json = json if json is not None else not sys.stderr.isatty()
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_secrets,
    ]
    # Tracebacks as plain text, without local variables: those hold what callers said.
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, _without_rows, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(_StandardError()),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(number, logging.WARNING), format="%(message)s", stream=_StandardError(), force=True)


def get(name: str) -> Any:
    """A bound logger whose lines carry `room=name`."""
    return structlog.get_logger(room=name)
