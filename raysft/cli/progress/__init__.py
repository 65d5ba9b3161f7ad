"""What a run says while it runs: facts from snapshots, and two ways to show them.

`facts` and `time_left` know neither Ray nor a terminal; `lines` and `picture` show what they found; `follow`
asks for a snapshot again and again.
"""
