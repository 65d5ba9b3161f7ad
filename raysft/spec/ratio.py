"""Points on the ratio axis: multipliers per ability, with a name if the user gives one."""

from collections.abc import Mapping
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from raysft.composition.exact import Ratio
from raysft.spec.frozen import Frozen


class RatioPoint(Frozen):
    """One ratio: `{general: 1/4}`, or with a name `{little_general: {general: 1/4}}`."""

    name: str = ""
    """What tables call it; empty for the factors themselves."""
    factors: Mapping[str, Ratio] = {}
    """Multiplier per ability; an ability that is not named has 1."""

    @property
    def label(self) -> str:
        """Its name, or the factors: `general=1/4`."""
        return self.name or ",".join(f"{ability}={factor}" for ability, factor in self.factors.items())

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        if not isinstance(value, Mapping) or isinstance(value.get("factors"), Mapping):
            return value
        if len(value) == 1 and isinstance(next(iter(value.values())), Mapping):
            ((name, factors),) = value.items()
            return {"name": str(name), "factors": factors}
        return {"factors": value}

    @model_serializer(mode="wrap")
    def _as_read(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        factors: dict[str, Any] = handler(self)["factors"]
        return {self.name: factors} if self.name else factors


def read_ratios(value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
    """The axis as a list: one point, a list of points, or a mapping from names to points."""
    if isinstance(value, Mapping) and value and all(isinstance(one, Mapping) for one in value.values()):
        return [{name: factors} for name, factors in value.items()]
    return value if isinstance(value, list | tuple) else [value]
