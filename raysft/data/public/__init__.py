"""Public files by name: where they are, what they must be, how they are fetched."""
