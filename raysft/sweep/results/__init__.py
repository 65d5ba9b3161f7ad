"""What the store holds of a sweep: keys of scores, what is missing, tables. Needs no Ray."""
