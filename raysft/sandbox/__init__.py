"""Programs of strangers, run where they can do no harm. Knows nothing of benchmarks."""
