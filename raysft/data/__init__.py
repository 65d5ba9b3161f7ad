"""From files that people have to tokenised conversations that a stage trains on."""
