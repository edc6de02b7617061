"""Benchmarks of dedup: generated articles, whole processes against peers, the hashing core."""
