"""raysft: how much of each fine-tuning set, in what ratio, in what order, for which model size."""
