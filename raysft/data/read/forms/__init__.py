"""How a row of each form is read: its fields, its messages, their order, and what cannot be carried."""
