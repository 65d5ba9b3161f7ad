import torch

from raysft.spec.recipe import Recipe
from raysft.train.optimiser import make_optimiser, set_learning_rate


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
