"""What is in a source, for those who look at it before they train on it."""
