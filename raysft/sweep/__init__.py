"""Carrying out a plan on a Ray cluster: prepare, train, score, collect."""
