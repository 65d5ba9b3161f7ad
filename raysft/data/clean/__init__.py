"""What is taken out of a source: by filters, as copies, as near copies, as questions of a benchmark."""
