"""What a run, a stage and a trial take however little they train: seconds that no count of tokens shows.

Seen with Ray 2.60 on two cores: `TorchTrainer.fit()` takes 6-16 s even for nothing, a Tune trial 1.0 s in a
new process and 0.13 s where processes are used again, as raysft has it. In a run of 9 stages of the built-in
world 17 s passed before the first stage began and 9 s after the last score; a stage of 12 steps in the
process of its trial took 0.6-1.2 s in all. Not covered: nodes that a cluster first has to start, images to
be pulled, weights to be downloaded.
"""

RUN_S = 26.0
"""Reading the inputs, start of Ray and of the first engines; tables and report at the end."""
TRIAL_S = 0.13
"""One point handed out, once a process for it is there."""
INLINE_STAGE_S = 1.0
"""A stage of one CPU worker, which trains in the process of its trial."""
RAY_TRAIN_STAGE_S = 11.0
"""A stage that Ray Train launches: any with several workers, or on a GPU. The middle of 6 and 16 s."""
WEIGHT_BYTES_PER_S = 2.5e8
"""Weights read or written, their digest and their way to the store included. A guess for one local NVMe disk
or an object store in the same region: SHA-256 alone passes 0.4-2 GB/s on one core."""


def stage_overhead(weight_bytes: int, *, inline: bool) -> float:
    """Seconds that a stage takes beside its steps: start, opening its parent, writing its own weights.

    LLaMA-7B in fp32, 27 GB, launched by Ray Train: 11 s + 2 · 27 / 0.25 s = 227 s.

    Args:
        weight_bytes: of its weights; its parent's are as many.
        inline: whether it trains in the process of its trial.
    """
    start = INLINE_STAGE_S if inline else RAY_TRAIN_STAGE_S
    return TRIAL_S + start + 2 * weight_bytes / WEIGHT_BYTES_PER_S


def scoring_overhead(weight_bytes: int) -> float:
    """Seconds until an engine can answer with other weights: they are read once for each base and stage."""
    return weight_bytes / WEIGHT_BYTES_PER_S
