"""`raysft plan`: as text, as JSON, as a figure."""
