"""What a point trains on: exact shares, nested subsets, and the strategies that order them.

Pure arithmetic: no files, no ray, no torch.
"""
