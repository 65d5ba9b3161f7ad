"""Tags on conversations: kept beside a source, made by rules, asked of a model."""
