"""AdamW with decoupled weight decay on matrices, and state that is there before the first step."""

from collections.abc import Iterator

import torch
from torch import nn

from raysft.spec.recipe import Recipe

MOMENTS = ("exp_avg", "exp_avg_sq")
"""The tensors AdamW keeps per parameter besides its step count."""


def make_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW over the trainable parameters; gains and biases (vectors) do not decay.

    The fused form is elementwise, so it is bitwise reproducible; on one CPU thread it takes half the time.
    """
    parameters = [one for one in model.parameters() if one.requires_grad]
    groups = [
        {"params": [one for one in parameters if one.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [one for one in parameters if one.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=recipe.learning_rate,
        betas=(recipe.beta1, recipe.beta2),
        eps=recipe.epsilon,
        fused=True,
    )


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Use a learning rate from the next update on."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def fill_state(model: nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
    """Give every parameter AdamW's state after `step` updates, with moments of zero that are to be loaded."""
    for one in model.parameters():
        # AdamW corrects its moments by 1 − β^count. After 1,000 updates with β2 = 0.999 that is 0.632; a
        # count that began again would divide by 0.001, and take the second moment for 632 times as large.
        count = torch.tensor(float(step), dtype=torch.float32, device=one.device)
        optimiser.state[one] = {"step": count, **{name: torch.zeros_like(one) for name in MOMENTS}}


def named_state(model: nn.Module, optimiser: torch.optim.Optimizer) -> Iterator[tuple[str, torch.Tensor]]:
    """Everything that an unfinished stage is made of, besides JSON: weights and both moments."""
    for name, one in model.named_parameters():
        yield f"weights.{name}", one.detach()
        for moment in MOMENTS:
            yield f"{moment}.{name}", optimiser.state[one][moment]
