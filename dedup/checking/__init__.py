"""Checking a corpus: articles go in, what is wrong with them comes out, and whether a build should fail for it."""

from dedup.checking.check import Options, check
from dedup.checking.findings import Duplicate, Limits, Place, Problem, Report

__all__ = ["Duplicate", "Limits", "Options", "Place", "Problem", "Report", "check"]
