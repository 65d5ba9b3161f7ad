"""From a sweep to what will be done: points, the tree of their distinct stages, and what runs next."""
