"""Where the training conversations of an ability come from."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from raysft.spec.frozen import Frozen, Whole

WORLD = "world/"
"""Prefix of the sources, benchmarks and the base that are built in."""
BUILT_IN = ("world/math", "world/code", "world/general", "world/pretraining")
"""Sources that need no file; the last one is base text rather than conversations."""


class SourceSpec(Frozen):
    """A set of training conversations for one ability."""

    path: str | tuple[str, ...]
    """A file, several files, a Hub dataset (`hf://owner/name`), or a built-in source (`world/math`)."""
    format: Literal["auto", "messages", "sharegpt", "alpaca", "prompt_completion", "gsm8k", "text"] = "auto"
    """Form of a row; `auto` looks at the keys of the first row. `text` trains on whole documents."""
    rows: Annotated[Whole, Field(ge=1)] | None = None
    """Rows that the file is expected to have; of a built-in source, the rows to generate."""
    limit: Annotated[Whole, Field(ge=1)] | None = None
    """Use only so many rows, the first of the file; for trying things out."""
    held_out: Annotated[Whole, Field(ge=0)] = 0
    """Conversations split off before any subset is taken, for the benchmark `held_out`."""
    duplicates: Literal["remove", "keep"] = "remove"
    """What happens to exact copies of a conversation; removed ones are counted."""
    on_bad_row: Literal["refuse", "skip"] = "refuse"
    """A malformed row stops everything before it starts, or is skipped and counted."""

    @model_validator(mode="before")
    @classmethod
    def _bare_path(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        return {"path": value} if isinstance(value, str | list) else value

    @field_validator("path")
    @classmethod
    def _known(cls, path: str | tuple[str, ...]) -> str | tuple[str, ...]:
        paths = (path,) if isinstance(path, str) else path
        if not paths:
            raise ValueError("name at least one file")
        for one in paths:
            if one.startswith(WORLD) and (one not in BUILT_IN or len(paths) > 1):
                raise ValueError(f"a built-in source stands alone and is one of {', '.join(BUILT_IN)}")
        return path

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths, also when only one was given."""
        return (self.path,) if isinstance(self.path, str) else self.path

    @property
    def is_world(self) -> bool:
        """Whether the source is built in."""
        return self.paths[0].startswith(WORLD)
