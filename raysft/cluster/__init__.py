"""What a sweep may use: amounts of CPUs and GPUs, and the file that describes a cluster."""
