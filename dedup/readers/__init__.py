"""Reading articles: one module a format, compression in one place."""
