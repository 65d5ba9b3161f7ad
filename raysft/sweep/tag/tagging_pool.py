"""Actors of Ray that each hold an engine and answer units of questions, one unit at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import ray
import transformers
from ray import ObjectRef
from ray.actor import ActorHandle
from ray.exceptions import RayActorError, RayTaskError
from transformers import AutoTokenizer

from raysft.data.tokens.template import template_digest, tokenizer_digest
from raysft.errors import ClusterError, RaysftError
from raysft.evaluate.benchmark import Question, questions_digest
from raysft.evaluate.engine import Answering, EngineIdentity, generations_fingerprint, generations_identity
from raysft.evaluate.engines.transformers_engine import TransformersEngine
from raysft.identity import WeightsDigest, fingerprint
from raysft.model.digest import weights_digest
from raysft.model.folder import DtypeName
from raysft.sweep.run.engine_pool import TRIES
from raysft.sweep.run.session import Session
from raysft.sweep.tag.kept_answers import Said

VERSION = 1
"""Raised when the same model answers the same question otherwise."""

_SIDE_BY_SIDE = 16
"""Questions of a unit that an engine answers at once."""
_SEED = 0
"""Of sampling, which does not take place."""


@dataclass(frozen=True)
class TaggingModel:
    """A model, and on what it runs."""

    folder: Path
    """Hugging Face folder with a chat template; an actor on another node must see it too."""
    weights: WeightsDigest
    """Digest."""
    texts: str
    """Digest of tokenizer and template."""
    precision: DtypeName
    device: str

    @classmethod
    def at(cls, folder: Path, session: Session) -> "TaggingModel":
        """The model in a folder: in bf16 on a GPU where the cluster has one, otherwise in fp32 on the CPU."""
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        defining = {"tokenizer": tokenizer_digest(folder), "template": template_digest(tokenizer)}
        on_gpu = session.capacity.gpus >= 1
        return cls(
            folder,
            weights_digest(folder),
            fingerprint("tagging texts", 1, defining),
            "bf16" if on_gpu else "fp32",
            "cuda" if on_gpu else "cpu",
        )

    def actors(self, session: Session) -> int:
        """As many as fit: one per GPU, or one per core."""
        return max(1, int(session.capacity.gpus if self.device == "cuda" else session.capacity.cpus))

    def key(self, questions: Sequence[Question], max_new_tokens: int) -> str:
        """Content address of the answers to some questions."""
        engine = EngineIdentity.of(
            TransformersEngine.name,
            transformers.__version__,
            self.precision,
            batch_size=_SIDE_BY_SIDE,
            shard_size=len(questions),
        )
        answers = generations_identity(
            Answering(self.weights, self.texts), questions_digest(questions), max_new_tokens, engine, _SEED
        )
        return fingerprint("tags", VERSION, {"generations": generations_fingerprint(answers)})


class TaggingWorker:
    """An actor: holds one engine."""

    def __init__(self, model: TaggingModel) -> None:
        self._model = model
        self._engine = TransformersEngine(model.device, model.precision, _SIDE_BY_SIDE)

    def answer(self, questions: Sequence[Question], max_new_tokens: int) -> list[Said]:
        """Answer one unit."""
        self._engine.load(self._model.folder, self._model.weights)
        answers = self._engine.answer(questions, max_new_tokens, _SEED)
        return [Said(one.texts[0], one.ends[0]) for one in answers]


class Unit(NamedTuple):
    """Some conversations, as they are asked about."""

    number: int
    key: str
    questions: list[Question]


class _Task(NamedTuple):
    unit: Unit
    actor: ActorHandle
    tries: int


class TaggingPool:
    """Engines, and the units that they are busy with."""

    def __init__(self, model: TaggingModel, max_new_tokens: int, most: int) -> None:
        self._model, self._max_new_tokens, self._most = model, max_new_tokens, most
        self._idle: list[ActorHandle] = []
        self._running: dict[ObjectRef, _Task] = {}

    def submit(self, unit: Unit) -> Iterator[tuple[Unit, list[Said]]]:
        """Hand out a unit, and give what had to be finished before."""
        while len(self._running) >= self._most:
            yield from self._next()
        self._hand_out(unit, 1)

    def rest(self) -> Iterator[tuple[Unit, list[Said]]]:
        """Give all that is still under way."""
        while self._running:
            yield from self._next()

    def stop(self) -> None:
        """Stop all engines."""
        for actor in [*self._idle, *(task.actor for task in self._running.values())]:
            ray.kill(actor)
        self._idle.clear()
        self._running.clear()

    def _hand_out(self, unit: Unit, tries: int) -> None:
        actor = self._idle.pop() if self._idle else self._start()
        self._running[actor.answer.remote(unit.questions, self._max_new_tokens)] = _Task(unit, actor, tries)

    def _start(self) -> ActorHandle:
        worker = ray.remote(TaggingWorker).options(
            num_cpus=1, num_gpus=1 if self._model.device == "cuda" else 0, scheduling_strategy="DEFAULT"
        )
        return worker.remote(self._model)

    def _next(self) -> Iterator[tuple[Unit, list[Said]]]:
        ready, _ = ray.wait(list(self._running), num_returns=1)
        task = self._running.pop(ready[0])
        try:
            answers: list[Said] = ray.get(ready[0])
        except RayActorError as error:
            if task.tries == TRIES:
                raise ClusterError(f"actors died {TRIES} times over the same unit: {error}") from None
            self._hand_out(task.unit, task.tries + 1)
            return
        except RayTaskError as error:
            ray.kill(task.actor)
            if isinstance(error.cause, RaysftError):
                raise error.cause from None
            raise ClusterError(f"an engine failed: {error.cause!r}") from error
        self._idle.append(task.actor)
        yield task.unit, answers
