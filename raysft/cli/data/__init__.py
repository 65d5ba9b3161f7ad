"""`raysft data check | show | export | fetch | tag`."""
