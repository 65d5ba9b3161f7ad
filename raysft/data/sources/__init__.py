"""A source from its files to the conversations that are trained on, with what was taken out on the way."""
