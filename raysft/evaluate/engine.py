"""What generates answers: the protocol that every engine keeps, and the key of what it has answered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from raysft.evaluate.benchmark import Answer, Question
from raysft.identity import Json, WeightsDigest, fingerprint

GENERATIONS_VERSION = 2
"""Raised when an engine's own code answers the same question otherwise, such as by another way to sample."""

INDEPENDENT = ("fp32",)
"""Number formats in which the answer to a question does not depend on its neighbours."""


@dataclass(frozen=True)
class EngineIdentity:
    """What of an engine defines its answers; device and threads do not.

    In fp32 answers do not depend on what is answered side by side. In other formats the last bits of a sum
    do, and some greedy answers with them (1-5 of 200 were seen in bf16), so `batch_size` and `shard_size` are
    part of the key there. They are what the sweep asks for; where memory holds fewer rows, fewer are answered
    side by side, which is written down beside the answers.
    """

    name: str
    """Such as `transformers`."""
    version: str | None
    """Of the library behind it; None where the answers of every version are taken for the same."""
    precision: str
    """Number format of weights and activations, such as `fp32`."""
    batch_size: int | None = None
    """Questions answered side by side; None where answers do not depend on it."""
    shard_size: int | None = None
    """Questions among which neighbours are chosen; None as above."""

    @classmethod
    def of(
        cls, name: str, version: str | None, precision: str, *, batch_size: int, shard_size: int
    ) -> "EngineIdentity":
        """The identity of an engine that answers so many questions side by side, and in one unit of work."""
        if precision in INDEPENDENT:
            return cls(name, version, precision)
        return cls(name, version, precision, batch_size, shard_size)

    def as_json(self) -> dict[str, Json]:
        """What enters the key; what answers do not depend on is absent."""
        found = asdict(self)
        return {field: value for field, value in found.items() if value is not None or field == "version"}


@dataclass(frozen=True)
class ReferenceLoss:
    """Loss on the reference answers of some questions, each read after its own turn and those before."""

    loss: float | None
    """Mean over the tokens, in nats; None if there are no references, or if the loss is not finite."""
    tokens: int
    """Supervised tokens behind the mean; 0 if `loss` is None. The weight of this mean beside others."""
    cut: int = 0
    """Conversations longer than the context; what lies beyond it is not in the mean."""


class Engine(Protocol):
    """Holds one set of weights at a time and answers questions with them.

    An engine lives longer than its weights: `load` exchanges them; without any it answers nothing.
    """

    name: str
    version: str
    precision: str
    batch_sizes: tuple[int, ...]
    """How many questions were side by side in the last call of `answer`, at most: the largest first; several
    where memory ran out in between."""

    def load(self, folder: Path, weights_digest: WeightsDigest) -> None:
        """Take the weights of a Hugging Face folder; nothing happens if they are already held.

        Args:
            folder: model and tokenizer.
            weights_digest: what `raysft.model.digest.weights_digest` must give for it.

        Raises:
            DamagedArtifact: the folder holds other weights.
            InputError: a model or a tokenizer that this engine cannot use.
        """
        ...

    def answer(self, questions: Sequence[Question], max_new_tokens: int, seed: int) -> list[Answer]:
        """Answer questions, each turn after the answers to the ones before; in the order of the questions.

        Args:
            questions: with ids that differ; the answer to one does not depend on the order of all.
            max_new_tokens: token limit of one turn.
            seed: of sampling, for questions with a temperature above 0.
        """
        ...

    def reference_loss(self, questions: Sequence[Question]) -> ReferenceLoss:
        """The loss on the reference answers of questions; those without references are passed over."""
        ...


@dataclass(frozen=True)
class Answering:
    """What answers. The same weights under another chat template read other prompts."""

    weights: WeightsDigest
    """Digest of the weights."""
    texts: str
    """Digest of the tokenizer and the chat template: what turns a chat into tokens, and tokens into text."""


def generations_identity(
    answering: Answering, questions_digest: str, max_new_tokens: int, engine: EngineIdentity, seed: int
) -> dict[str, Json]:
    """What defines the answers of a model to some questions.

    Args:
        answering: the model.
        questions_digest: everything that is asked, temperatures included.
        max_new_tokens: token limit of one turn.
        engine: what generates.
        seed: of sampling.
    """
    return {
        "weights": answering.weights,
        "texts": answering.texts,
        "questions": questions_digest,
        "max_new_tokens": max_new_tokens,
        "engine": engine.as_json(),
        "seed": seed,
    }


def generations_fingerprint(defining: Mapping[str, Json]) -> str:
    """Key of answers, by what defines them."""
    return fingerprint("generations", GENERATIONS_VERSION, defining)
