"""Holding articles against others: which of them these have. Each of the others compares, and none is clustered."""
