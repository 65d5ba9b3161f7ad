"""What answers questions with a model."""
