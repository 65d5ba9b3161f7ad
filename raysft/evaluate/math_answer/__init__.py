"""The number or formula that a text gives for its answer, and whether it is the right one."""
