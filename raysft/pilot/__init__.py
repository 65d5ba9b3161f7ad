"""A first sweep for one's own data: what the files hold, which grid a budget buys, and why."""
