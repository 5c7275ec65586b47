"""OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` is set: a span per turn over OTLP/HTTP, with what each step took.

Attributes hold ids, numbers and names of models; never a word of a caller. The exporter reads the usual OTEL_ variables
(headers, timeout) itself and sends in batches from a thread of its own.
"""

from __future__ import annotations

from importlib.metadata import version
from time import time_ns

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from parley.conversations import Done


class Telemetry:
    """The process's tracer."""

    def __init__(self, service_name: str = "parley") -> None:
        about = Resource.create({"service.name": service_name, "service.version": version("parley")})
        self._provider = TracerProvider(resource=about)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("parley")

    def turn_settled(self, done: Done) -> None:
        """Export a turn as a span that ends now."""
        end = time_ns()
        began = end - int(done.timings["total_ms"] * 1_000_000)
        span = self._tracer.start_span("turn", start_time=began)
        span.set_attributes(
            {
                "parley.conversation_id": done.conversation_id,
                "parley.message_id": done.message_id,
                "parley.intent": done.intent,
                "parley.language": done.language,
                "parley.cached": str(done.cached or "no"),
                "parley.escalate": done.escalate,
                "parley.emergency": done.emergency,
                "gen_ai.response.model": done.model,
                **{f"parley.{name}": value for name, value in done.timings.items()},
            }
        )
        span.end(end_time=end)

    def close(self) -> None:
        """Send what is left; takes as long as the exporter's timeout at most."""
        self._provider.shutdown()
