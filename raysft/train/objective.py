"""The loss of supervised targets, and the probe that packed rows cannot see each other."""

from contextlib import nullcontext

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from raysft.errors import StageFailed
from raysft.train.batching.corpus import Corpus
from raysft.train.batching.micro_batch import MicroBatch, build_micro_batch
from raysft.train.job import StageJob

ARCHITECTURES = ("llama", "mistral", "qwen2", "qwen3")
"""Model types of transformers whose logits are one projection of the last hidden states, and nothing more."""

_PROBE_TOKENS = 256
_TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2}
"""Largest mean difference of the losses of single targets; rows that see each other differ by far more."""


class TargetLosses(nn.Module):
    """A causal language model that is asked for the losses of its targets only.

    The projection to the vocabulary is computed for targets alone, which are a part of the positions.
    """

    def __init__(self, causal: PreTrainedModel, autocast: torch.dtype | None = None) -> None:
        """Wrap a model.

        Args:
            causal: the model, as transformers opens it.
            autocast: number format of the computation; None for that of the parameters.
        """
        super().__init__()
        self.causal = causal
        self.autocast = autocast
        # Dropout would make the result depend on micro-batches and workers; evaluation mode turns it off.
        self.eval()

    def forward(self, batch: MicroBatch) -> torch.Tensor:
        """Cross entropy of each target in nats, fp32, shape S; the batch is on the model's device."""
        device = batch.input_BT.device.type
        with torch.autocast(device, self.autocast) if self.autocast else nullcontext():
            # A mask or a cache would turn transformers' detection of packed rows off without a word.
            hidden_BTD = self.causal.base_model(
                input_ids=batch.input_BT, position_ids=batch.positions_BT, use_cache=False
            ).last_hidden_state
            hidden_SD = hidden_BTD.flatten(0, 1).index_select(0, batch.predictor_S)
            logits_SV = self.causal.get_output_embeddings()(hidden_SD)
        # In bf16 two neighbours between 8 and 16 are 1/16 apart: too coarse for a loss or its gradient.
        return functional.cross_entropy(logits_SV.float(), batch.target_S, reduction="none")


def check_architecture(job: StageJob, causal: PreTrainedModel) -> None:
    """Refuse a model whose loss would not be the projection of its hidden states.

    Raises:
        StageFailed: of kind `user`.
    """
    kind = causal.config.model_type
    if kind not in ARCHITECTURES:
        cause = f"{job.parent} is a {kind} model; {', '.join(ARCHITECTURES)} can be trained"
        raise StageFailed(job.fingerprint, "user", cause)


def probe_packing(job: StageJob, model: TargetLosses, corpus: Corpus, device: torch.device) -> None:
    """Compare two conversations in one packed row with each of them alone; every worker must call this.

    Raises:
        StageFailed: of kind `infrastructure`, if a packed row sees another: it would train a wrong model.
    """
    # The first and the last piece: 5 pieces have 6 starts, and the last of them is number 4.
    first, second = 0, len(corpus.piece_starts) - 2
    short = corpus.shortened((first, second), _PROBE_TOKENS)
    with torch.no_grad():
        alone = [model(build_micro_batch(short, [one], [1.0], "padded").to(device)) for one in (0, 1)]
        together = model(build_micro_batch(short, [0, 1], [1.0, 1.0], "packed").to(device))
    error = (together - torch.cat(alone)).abs().mean().item()
    # Not `error > …`, which NaN would pass.
    if not error <= _TOLERANCE[job.recipe.precision]:
        cause = (
            f"packed rows see each other on this machine (loss differs by {error:.1e}); use layout: padded"
        )
        raise StageFailed(job.fingerprint, "infrastructure", cause)
