"""Quality of stripping and learning: labelled documents in, metrics with floors out.

python -m benchmarks.quality
"""
