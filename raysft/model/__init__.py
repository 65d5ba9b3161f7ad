"""Models as Hugging Face folders: made from scratch, opened, and written again with reproducible bytes."""
