"""Choosing settings for a corpus, with labels or without: similarities are measured once and swept as arrays."""
