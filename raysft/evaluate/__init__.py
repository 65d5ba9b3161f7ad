"""Questions, answers, verdicts: how good a model is, with the evidence."""
