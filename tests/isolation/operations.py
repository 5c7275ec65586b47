"""The operations of the OpenAPI document, as requests that can be sent: a new route appears here by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any

from fastapi import FastAPI
from typing_extensions import override

from parley.app.http import create_app

METHODS = ("get", "post", "put", "patch", "delete")


class _Nothing:
    """Resources that are never opened: only the document is wanted."""

    async def __aenter__(self) -> Any:
        raise AssertionError("not started")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


@cache
def unopened_app() -> FastAPI:
    """The true application, not started."""
    return create_app(_Nothing(), [])


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the true application."""
    made: dict[str, Any] = unopened_app().openapi()
    return made


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with its reference followed."""
    while "$ref" in schema:
        found: Any = document()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    spec: Mapping[str, Any]

    @override
    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def query_parameters(self) -> list[str]:
        return [one["name"] for one in self.spec.get("parameters", []) if one["in"] == "query"]

    @property
    def is_stream(self) -> bool:
        """Whether it answers with events for as long as the caller listens."""
        content = self.spec["responses"].get("200", {}).get("content", {})
        return self.method == "get" and "text/event-stream" in content

    @property
    def is_list(self) -> bool:
        """Whether it answers with a list of things."""
        content = self.spec["responses"].get("200", {}).get("content", {}).get("application/json")
        fields = resolved(content["schema"]).get("properties", {}) if content else {}
        return "next_cursor" in fields or "results" in fields

    @property
    def required_query_parameters(self) -> list[str]:
        return [one["name"] for one in self.spec.get("parameters", []) if one["in"] == "query" and one["required"]]

    def body_schema(self, content_type: str) -> Mapping[str, Any] | None:
        """The schema of the body in `content_type`; None where it takes none."""
        content = self.spec.get("requestBody", {}).get("content", {})
        return resolved(content[content_type]["schema"]) if content_type in content else None

    @property
    def example(self) -> Any:
        """The first example of the JSON body; empty where it has none, None where there is no JSON body."""
        content = self.spec.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        if "examples" in content:
            return next(iter(content["examples"].values()))["value"]
        schema = resolved(content["schema"])
        fields = {name: one["examples"][0] for name, one in schema.get("properties", {}).items() if "examples" in one}
        return (schema.get("examples") or [fields])[0]

    def at(self, values: Mapping[str, str]) -> str:
        """The path with its parameters filled in."""
        return self.path.format(**values)


def operations() -> Iterator[Operation]:
    """Every operation of the document."""
    for path, methods in document()["paths"].items():
        for method, spec in methods.items():
            if method in METHODS:
                yield Operation(method, path, spec)
