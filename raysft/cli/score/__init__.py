"""`raysft score` and `raysft benchmark`."""
