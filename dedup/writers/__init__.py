"""Writing results: one module a format; every file appears whole or not at all."""
