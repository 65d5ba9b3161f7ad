"""What a sweep file names, read, resolved, counted and added up. Needs no Ray."""
