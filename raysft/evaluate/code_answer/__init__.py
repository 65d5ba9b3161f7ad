"""The program that an answer means, in the ways in which base and chat models write one.

text ─► views ─► segments between fences ─► runs of statements ─► the function, or a body for the prompt's

A model's text is hostile: every step is linear in its length, at most `MOST_CHARACTERS` of it are read, and
what is given to Python's parser in all is bounded (`parsing.py`). Nothing is run here, and nothing inside a
string is changed.
"""
