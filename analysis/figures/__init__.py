"""The figures of a report: one file per kind, and a row in `all`."""
