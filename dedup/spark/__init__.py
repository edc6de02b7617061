"""The same job on a Spark cluster."""
