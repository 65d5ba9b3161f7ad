"""Training one stage: one loop that knows nothing of Ray, and its launch through Ray Train.

Tensor names carry shape suffixes: B rows, T positions, S supervised targets, D width, V vocabulary.
"""
