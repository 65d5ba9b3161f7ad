"""The sizes of a model: said in the sweep file, read off its folder, or known by its name."""

import json

from raysft.plan.cost.model_shape import KNOWN, ModelShape, shape_from_config
from raysft.spec.model import ModelSpec, ScratchSpec, ShapeSpec
from raysft.sweep.inputs.bases import Base


def shape_of(model: ModelSpec, base: Base | None) -> ModelShape | None:
    """The shape of a model; None if its base is not here and its name says nothing.

    Raises:
        InputError: its config.json is of a form that is not covered.
    """
    if model.shape is not None:
        return _said(model.shape)
    if isinstance(model.base, ScratchSpec):
        one = model.base
        return ModelShape(
            one.hidden_size, one.layers, one.heads, one.heads, one.feed_forward, one.vocabulary, tied=True
        )
    if base is not None and base.folder is not None:
        return shape_from_config(json.loads((base.folder / "config.json").read_text(encoding="utf-8")))
    return KNOWN.get(model.base)


def _said(shape: ShapeSpec) -> ModelShape:
    return ModelShape(
        shape.hidden_size,
        shape.layers,
        shape.heads,
        shape.key_value_heads or shape.heads,
        shape.feed_forward,
        shape.vocabulary,
        tied=shape.tied,
    )
