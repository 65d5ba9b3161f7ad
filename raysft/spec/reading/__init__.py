"""From a sweep file to its checked form: YAML, changes by options, and every problem in one answer."""
