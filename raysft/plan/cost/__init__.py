"""What a plan takes: compute, memory, disk, money, questions, and how small a difference it shows."""
