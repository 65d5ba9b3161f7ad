"""How large a model is, told from its configuration."""

import torch
from transformers import AutoModelForCausalLM, PretrainedConfig


def parameter_count(config: PretrainedConfig) -> int:
    """Parameters of the model that a configuration describes, tied ones counted once; allocates nothing."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return sum(one.numel() for one in model.parameters())
