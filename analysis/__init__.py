"""From the tidy table of a sweep to statistics, figures and one HTML page.

results.parquet, items.parquet, sweep.json ─► `Inputs` ─► cells (seeds collapsed) ─► table, figures, report

Imports raysft; raysft's own engine knows nothing of it. No ray, no torch, no network.
"""
