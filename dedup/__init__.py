"""Find syndicated copies in a corpus of news articles."""
