"""What a user wants of a sweep in the end."""

from collections.abc import Mapping

from raysft.spec.fields import Frozen, Number


class ObjectiveSpec(Frozen):
    """What a recommendation looks for; it changes no result."""

    maximise: str
    """Ability whose score is to be as high as possible."""
    floors: Mapping[str, Number] = {}
    """Of other abilities, the lowest acceptable change against the base model, in units of their benchmark:
    -0.2 lets it fall by 0.2."""
