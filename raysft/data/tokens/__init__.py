"""From conversations to tokens: templates and their check, tokenizers, tokenised sources."""
