"""Benchmarks: `python -m benchmarks [name…]`. Each prints ratios to a peer or a bare loop measured in the same run."""
