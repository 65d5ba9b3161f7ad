"""What a plan comes to: hours, money, memory, disk, questions, and the differences that it can show."""
