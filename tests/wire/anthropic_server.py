"""A local server that speaks Anthropic's wire exactly, over the sockets of `OpenAIServer`.

Each request to `/v1/messages` plays the next queued `Behaviour` (else `default`; `anthropic_replies` builds them) and
is recorded. Requests are checked against the documented rules; a wrong one gets the 400 the vendor would send. With
`caches` the usage of the default answer tells what a prefix cache would have read and written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from tests.wire import anthropic_replies as replies
from tests.wire.anthropic_schema import rejection
from tests.wire.openai_replies import Behaviour
from tests.wire.openai_server import OpenAIServer, Recorded


class AnthropicServer(OpenAIServer):
    """`models` limits what is served (404 otherwise), `api_key` what is accepted (401); None takes anything."""

    def __init__(
        self, *, models: Sequence[str] | None = None, api_key: str | None = None, caches: bool = False
    ) -> None:
        super().__init__(flavour="anthropic", models=models, api_key=api_key)
        self.default = replies.streamed("Hello there. How can I help you?")
        self.caches = caches
        self._prefixes: set[str] = set()

    @property
    @override
    def base_url(self) -> str:
        """What a client configures: without the version, which the SDK adds."""
        return super().base_url.removesuffix("/v1")

    @override
    def _behaviour(self, request: Recorded) -> Behaviour:
        if self.api_key is not None and request.headers.get("authorization") != f"Bearer {self.api_key}":
            return replies.failure(401, "authentication_error", "invalid x-api-key")
        if request.method == "GET" and request.path == "/v1/models":
            rows = [{"id": model, "type": "model"} for model in self.models or ()]
            return Behaviour(body={"data": rows, "has_more": False, "first_id": None, "last_id": None})
        if request.method != "POST" or request.path != "/v1/messages":
            return replies.failure(404, "not_found_error", "Not found")
        if self.models is not None and request.body.get("model") not in self.models:
            return replies.failure(404, "not_found_error", f"model: {request.body.get('model')}")
        wrong = rejection(request.body, request.headers)
        if wrong is not None:
            return replies.failure(400, "invalid_request_error", wrong)
        if self._queue:
            return self._queue.popleft()
        if self.caches:
            return replies.streamed("Hello there.", usage=self._cached(request.body))
        return self.default

    def _cached(self, body: Mapping[str, Any]) -> dict[str, int]:
        """Tokens as a prefix cache counts them: the longest known prefix is read, the marked rest written."""
        blocks = [*body.get("tools", ()), *body.get("system", ())]
        blocks += [{**block, "role": line["role"]} for line in body["messages"] for block in line["content"]]
        plain = [json.dumps({k: v for k, v in block.items() if k != "cache_control"}) for block in blocks]
        ends = [at + 1 for at, block in enumerate(blocks) if "cache_control" in block]
        size = [len("".join(plain[:at])) // 4 for at in range(len(plain) + 1)]
        last = max(ends, default=0)
        read = max((at for at in range(last + 1) if "".join(plain[:at]) in self._prefixes), default=0)
        self._prefixes |= {"".join(plain[:at]) for at in ends}
        return {
            "input_tokens": size[-1] - size[last],
            "cache_creation_input_tokens": size[last] - size[read],
            "cache_read_input_tokens": size[read],
            "output_tokens": 1,
        }
