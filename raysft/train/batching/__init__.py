"""From tokenised sources to the micro-batches of a worker."""
