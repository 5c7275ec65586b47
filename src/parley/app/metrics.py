"""Counters and timings for Prometheus, in a registry of this app."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from parley.conversations import Done
from parley.inference.metered import Reading

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """What /metrics shows. Labels are bounded: no ids, no callers' words."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._turns = Counter(
            "parley_turns", "Turns settled.", ["cached", "escalated", "emergency"], registry=self.registry
        )
        self._turn_seconds = Histogram("parley_turn_seconds", "A whole turn.", buckets=_SECONDS, registry=self.registry)
        self._first_token_seconds = Histogram(
            "parley_first_token_seconds", "Until text was first released.", buckets=_SECONDS, registry=self.registry
        )
        self._requests = Counter(
            "parley_model_requests", "Requests to chat models.", ["vendor", "model", "error"], registry=self.registry
        )
        self._overdue = Gauge(
            "parley_jobs_overdue_seconds", "How long the longest-waiting job is overdue.", registry=self.registry
        )
        self._tokens = Counter(
            "parley_model_tokens", "Tokens of chat models.", ["vendor", "model", "kind"], registry=self.registry
        )

    def jobs_wait(self, seconds: float) -> None:
        """How long the longest-waiting job is overdue."""
        self._overdue.set(seconds)

    def turn_settled(self, done: Done) -> None:
        """Count a turn."""
        self._turns.labels(str(done.cached or "no"), str(done.escalate).lower(), str(done.emergency).lower()).inc()
        self._turn_seconds.observe(done.timings["total_ms"] / 1000)
        if "first_token_ms" in done.timings:
            self._first_token_seconds.observe(done.timings["first_token_ms"] / 1000)

    def model_answered(self, reading: Reading) -> None:
        """Count a request to a model (an `inference.metered.Meter`)."""
        self._requests.labels(reading.vendor, reading.model, reading.error).inc()
        self._tokens.labels(reading.vendor, reading.model, "prompt").inc(reading.usage.prompt_tokens)
        self._tokens.labels(reading.vendor, reading.model, "completion").inc(reading.usage.completion_tokens)

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self.registry)
