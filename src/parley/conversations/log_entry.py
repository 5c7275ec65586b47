"""A conversation as a client posts it to the log, or as one line of a file."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from parley.kit.errors import InvalidInput, TooLarge
from parley.kit.web import WRITTEN_OUT, Body

MOST_METADATA_BYTES = 256_000
_Name = Annotated[str, StringConstraints(max_length=200)]
Channel = Literal["text", "voice", "phone", "training", "import", "simulation"]

EXAMPLE: dict[str, Any] = {
    "session_id": "test-session-1",
    "agent_config": "customerServiceRetail",
    "agent_name": "Sales Agent",
    "transcript": {
        "messages": [
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hi! How can I help?"},
        ]
    },
    "duration": 120.5,
    "turn_count": 5,
    "user_satisfaction": 5,
    "task_completed": True,
    "metadata": {"browser": "Chrome", "location": "US"},
}
# What an exported line has beside these and a log does not take: the importing side gives its own.
_GIVEN_HERE = frozenset({"id", "tenant_id", "experiment_revision", "status", "held_by", "ended_at"})


class SaidIn(BaseModel):
    role: Literal["user", "assistant"]
    content: Annotated[str, StringConstraints(max_length=100_000)]

    model_config = ConfigDict(extra="forbid")


class TranscriptIn(BaseModel):
    messages: Annotated[list[SaidIn], Field(max_length=10_000)]

    model_config = ConfigDict(extra="forbid")


class LogIn(Body):
    """`turn_count` left out: the caller's lines are counted. `task_completed` left out: it is not known."""

    experiment_id: _Name | None = None
    session_id: _Name | None = None
    user_id: _Name | None = None
    agent_id: _Name | None = None
    agent_config: _Name | None = None
    agent_name: _Name | None = None
    channel: Channel = "import"
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] | None = None
    transcript: TranscriptIn = Field(default_factory=lambda: TranscriptIn(messages=[]))
    duration: Annotated[float, Field(ge=0, le=100_000_000)] | None = None
    turn_count: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    user_satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None
    task_completed: bool | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    created_at: Annotated[datetime, WRITTEN_OUT] | None = None
    tenant_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    @field_validator("created_at")
    @classmethod
    def _with_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("must have an offset, such as 2027-01-01T00:00:00Z")
        return value

    def check_size(self) -> LogIn:
        """Raise `TooLarge` for metadata that is more than a note."""
        if len(orjson.dumps(self.metadata)) > MOST_METADATA_BYTES:
            raise TooLarge(f"metadata must be at most {MOST_METADATA_BYTES // 1000} kB of JSON.")
        return self


def read_line(line: bytes) -> LogIn:
    """One line of a file. Raises `InvalidInput` or `TooLarge` naming the field."""
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise InvalidInput("not JSON.") from None
    if not isinstance(given, dict):
        raise InvalidInput("must be a JSON object.")
    try:
        return LogIn.model_validate({n: v for n, v in given.items() if n not in _GIVEN_HERE}).check_size()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "it"
        raise InvalidInput(f"{field}: {first['msg']}.") from None
