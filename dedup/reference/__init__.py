"""The reference engine: every stage in plain, readable Python.

This package is the executable specification. Where the kernel and this package
differ, the kernel is wrong. It is slow on purpose: nothing here is clever.
"""

from dedup.reference.engine import Reference

__all__ = ["Reference"]
