"""What every stage is scored on, and by which engine."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from raysft.spec.fields import Frozen, Whole

RATED = ("mt_bench", "world/general")
"""Benchmarks whose items are rated; of all others an item is right or wrong."""


class BenchmarkSpec(Frozen):
    """A benchmark: questions, how to prompt, how to score one answer."""

    name: Literal[
        "world/math",
        "world/code",
        "world/general",
        "gsm8k",
        "math",
        "humaneval",
        "mbpp",
        "mt_bench",
        "held_out",
    ]
    """Which benchmark. `held_out` is the ability's own set, split off by `source.held_out`."""
    metric: Literal["loss"] | None = None
    """Of `held_out`: `loss` scores each conversation by the mean loss per token of its own answers, in nats,
    lower is better; for long or free answers, which no model gives word for word. `null` takes the
    benchmark's own."""
    path: str | None = None
    """File with the questions, as its authors published it; built-in benchmarks need none."""
    references: str | None = None
    """File with reference answers, where the benchmark keeps them apart (MT-Bench)."""
    limit: Annotated[Whole, Field(ge=1)] | None = None
    """Use only the first so many questions."""
    max_new_tokens: Annotated[Whole, Field(ge=1)] | None = None
    """Token limit of one answer; `null` takes the benchmark's own."""
    stop: tuple[Annotated[str, Field(min_length=1)], ...] | None = None
    """Texts before which an answer ends, besides the model's own end; `null` takes the benchmark's own (GSM8K
    and MATH end where a new question begins), `[]` none."""

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_that_metric(self) -> "BenchmarkSpec":
        if self.metric is not None and self.name != "held_out":
            raise ValueError(f"only held_out has metric {self.metric}; {self.name} has a metric of its own")
        if self.metric == "loss" and self.max_new_tokens is not None:
            raise ValueError("with metric loss nothing is generated; leave max_new_tokens out")
        if self.metric == "loss" and self.stop is not None:
            raise ValueError("with metric loss nothing is generated; leave stop out")
        return self

    @property
    def kind(self) -> str:
        """Its name, or `held_out_loss`: what is assumed of it depends on the metric."""
        return "held_out_loss" if self.metric == "loss" else self.name


class EvaluationSpec(Frozen):
    """When and how stages are scored."""

    stages: Literal["all", "leaves"] = "all"
    """Score every stage, or only the last of each point."""
    engine: Literal["transformers"] = "transformers"
    """What generates the answers."""
    batch_size: Annotated[Whole, Field(ge=1)] = 64
    """Questions that one engine answers side by side, at most: on a GPU as many as its memory holds. Part of
    what identifies answers in bf16, where some depend on it."""
    gpus_per_engine: Annotated[Whole, Field(ge=0)] = 0
    """GPUs of one engine; 0 answers on the CPU. A model is not shared out: more than 1 gains nothing."""
    engine_resource: str | None = None
    """Custom Ray resource of which each engine asks for one unit, to land on nodes of their own (`eval`)."""
    engine_version: Literal["any", "same"] = "any"
    """`any` uses answers that another version of the engine's library gave, and says so wherever scores are
    compared; `same` has them given again, so that an update of the library scores a finished sweep anew."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Number format in which answers are generated; part of what identifies them."""
    shard_size: Annotated[Whole, Field(ge=1)] = 512
    """Questions in one unit of work; a lost engine costs at most one unit. Part of what identifies answers in
    bf16, as `batch_size` is."""
