"""Which keys a sweep file may have at some place, read from the types of its fields: for `did you mean`."""

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def known_keys(root: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Keys that are declared for the mapping at a location, in the order of their declaration.

    Args:
        root: the model of the whole file.
        location: as pydantic gives it; names of union members in it lead nowhere, and are passed over.
    """
    at = _models_and_containers(root)
    for step in location:
        further = [found for one in at for found in _below(one, step)]
        at = further or at
    return [key for one in at if _is_model(one) for key in one.model_fields]


def _below(kind: Any, step: str | int) -> list[Any]:  # noqa: ANN401 - any annotation
    """What may be at one step below a type."""
    if _is_model(kind):
        field = kind.model_fields.get(step)
        return _models_and_containers(field.annotation) if field is not None else []
    inner = get_args(kind)
    if isinstance(step, int):
        return _models_and_containers(inner[0]) if get_origin(kind) in (tuple, list) else []
    is_mapping = get_origin(kind) in (dict, Mapping)
    return _models_and_containers(inner[1]) if is_mapping else []


def _models_and_containers(kind: Any) -> list[Any]:  # noqa: ANN401 - any annotation
    """The members of a type, unions and annotations taken apart, that have something below them."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _models_and_containers(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [found for one in get_args(kind) for found in _models_and_containers(one)]
    return [kind] if _is_model(kind) or origin in (tuple, list, dict, Mapping) else []


def _is_model(kind: Any) -> bool:  # noqa: ANN401 - any annotation
    return isinstance(kind, type) and issubclass(kind, BaseModel)
