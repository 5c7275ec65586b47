"""Waiting for what comes at once on an idle machine: the wait ends with it, so a busy one costs time and no failure.

Where a test asserts that something is quick, the limit is the assertion: it is tight, and stands beside the test.
"""

from __future__ import annotations

PATIENCE = 60.0  # seconds; half of what a test may take
