"""A plan carried out on Ray: trials, the coordinator, the pool of engines."""
