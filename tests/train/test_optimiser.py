import numpy as np
import torch

from raysft.spec.recipe import Recipe
from raysft.train.optimiser import fill_state, make_optimiser, named_state, set_learning_rate


def test_only_matrices_decay():
    model = torch.nn.Linear(3, 3)
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    optimiser = make_optimiser(model, Recipe(weight_decay=0.5, learning_rate=0.1))
    for one in model.parameters():
        one.grad = torch.zeros_like(one)
    set_learning_rate(optimiser, 0.2)
    optimiser.step()
    torch.testing.assert_close(model.weight, before["weight"] * (1 - 0.2 * 0.5))
    assert torch.equal(model.bias, before["bias"])


def plain_adamw(weights, gradients, recipe, rates, decay):
    """AdamW (arXiv 1711.05101, algorithm 2) in float64, by its definition."""
    weights, first, second = weights.astype(np.float64), 0.0, 0.0
    for update, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        first = recipe.beta1 * first + (1 - recipe.beta1) * gradient
        second = recipe.beta2 * second + (1 - recipe.beta2) * gradient**2
        unbiased = first / (1 - recipe.beta1**update), second / (1 - recipe.beta2**update)
        step = unbiased[0] / (np.sqrt(unbiased[1]) + recipe.epsilon)
        weights = weights - rate * (step + decay * weights)
    return weights


RECIPE = Recipe(weight_decay=0.3, beta1=0.8, beta2=0.95, epsilon=1e-3)
RATES = [0.1, 0.05, 0.2, 0.01, 0.1]


def gradients_of(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        {name: torch.randn(one.shape, generator=generator) for name, one in model.named_parameters()}
        for _ in RATES
    ]


def advance(model, optimiser, gradients, rates):
    for gradient, rate in zip(gradients, rates, strict=True):
        for name, one in model.named_parameters():
            one.grad = gradient[name].clone()
        set_learning_rate(optimiser, rate)
        optimiser.step()


def test_updates_are_those_of_the_definition():
    model = torch.nn.Linear(4, 3)
    before = {name: one.detach().numpy().copy() for name, one in model.named_parameters()}
    gradients = gradients_of(model)
    optimiser = make_optimiser(model, RECIPE)
    fill_state(model, optimiser, 0)
    advance(model, optimiser, gradients, RATES)
    for name, one in model.named_parameters():
        decay = RECIPE.weight_decay if name == "weight" else 0.0
        told = [gradient[name].numpy() for gradient in gradients]
        expected = plain_adamw(before[name], told, RECIPE, RATES, decay)
        np.testing.assert_allclose(one.detach().numpy(), expected, atol=1e-5)


def test_what_is_named_and_the_step_are_all_that_an_update_depends_on():
    whole = torch.nn.Linear(4, 3)
    halved = torch.nn.Linear(4, 3)
    halved.load_state_dict(whole.state_dict())
    gradients = gradients_of(whole)
    optimiser = make_optimiser(whole, RECIPE)
    advance(whole, optimiser, gradients, RATES)

    earlier = make_optimiser(halved, RECIPE)
    advance(halved, earlier, gradients[:2], RATES[:2])
    saved = {name: one.clone() for name, one in named_state(halved, earlier)}
    again = torch.nn.Linear(4, 3)
    later = make_optimiser(again, RECIPE)
    fill_state(again, later, 2)
    for name, one in named_state(again, later):
        one.copy_(saved[name])
    advance(again, later, gradients[2:], RATES[2:])
    assert torch.equal(again.weight, whole.weight)
    assert torch.equal(again.bias, whole.bias)


def test_every_parameter_has_its_weights_and_both_moments_under_a_name_of_its_own():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.LayerNorm(2))
    optimiser = make_optimiser(model, RECIPE)
    fill_state(model, optimiser, 0)
    names = [name for name, _ in named_state(model, optimiser)]
    kinds = ("weights", "exp_avg", "exp_avg_sq")
    assert sorted(names) == sorted(f"{kind}.{name}" for kind in kinds for name, _ in model.named_parameters())
