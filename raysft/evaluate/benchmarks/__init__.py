"""One file per benchmark, and a row in `catalogue`."""
