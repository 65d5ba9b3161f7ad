"""Conversations tagged by a model on Ray."""
