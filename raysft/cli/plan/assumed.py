"""Sentences of a plan: what it cannot show, what is in its sources, and what its numbers rest on."""

from collections.abc import Iterable, Iterator

from raysft.cli.terminal_text import on_one_line
from raysft.data.sources.facts import SourceFacts
from raysft.identity import BenchmarkKey, SourceKey
from raysft.plan.cost.accelerators import GIB, Accelerator
from raysft.plan.cost.fixed_cost import WEIGHT_BYTES_PER_S
from raysft.sweep.account.memory import EngineFit
from raysft.sweep.account.totals import Account
from raysft.sweep.inputs.learnable import fate_lines

_FINDINGS = 3
"""Conversations that share words with a question; `--json` has twenty."""
_WARNING = "yellow"


def caveats(account: Account) -> Iterator[str]:
    """What the sweep will not be able to say, however it goes."""
    few = [study for study, seeds in account.seeds.items() if seeds == 1]
    if few:
        every = len(few) == len(account.seeds)
        which = "any recipe" if every else f"the recipes of {', '.join(few)}"
        yield (
            f"No verdict about {which} will be possible: with one seed two checkpoints can be told apart, "
            "and not two recipes. That takes at least two seeds: seed: [0, 1]"
        )
    spec = account.survey.spec
    for key, size in account.sizes.items():
        if size.lacks_judge:
            yield (
                f"{key}: {spec.benchmarks[key][1].name} can be graded by a judge alone, and raysft has none "
                "yet: its answers are made and kept, and no score will come of them"
            )
    if spec.evaluation.gpus_per_engine > 1:
        yield (
            f"evaluation.gpus_per_engine: {spec.evaluation.gpus_per_engine}: an engine answers on one GPU, "
            "and the others that it holds stay idle: write 1"
        )


def source_lines(account: Account) -> Iterator[tuple[str, str]]:
    """(style, sentence) of every source, and of models that are not here."""
    survey = account.survey
    for key, index in survey.indexes.items():
        source, length = survey.sources.get(key), filter(None, [_length(account, key)])
        if source is None:
            told = [f"{index.rows:,} conversations expected", *length]
            yield _WARNING, f"{key}: {', '.join(told)}: not here, planned as the sweep file says"
            continue
        facts = source.facts
        told = [f"{index.rows:,} conversations", *facts_text(facts, index.rows), *length]
        yield "", f"{key}: {', '.join(told)}"
        if key in survey.not_decontaminated:
            yield _WARNING, f"{key}: will lose what it shares with benchmarks that are not here"
        if facts.unexpected:
            yield _WARNING, f"{key}: {facts.unexpected}"
        for one in facts.findings[:_FINDINGS]:
            said = on_one_line(f"{one.where} shares with {one.benchmark}: {one.words}")
            yield _WARNING, f"{key}: {said}"
    unused = [key for key in survey.spec.sources if key not in survey.indexes]
    if unused:
        yield "dim", f"no point uses {', '.join(unused)}: not read"
    for line in fate_lines(survey):
        yield _WARNING, on_one_line(line)
    for model in survey.plan.bases:
        if model in survey.absent:
            label = survey.spec.models[model].label
            yield "", f"{model}: not here, planned from the sizes of {label}"


def _length(account: Account, key: SourceKey) -> str:
    """Tokens of a conversation, where a stage uses the source; of the first model that trains on it."""
    survey = account.survey
    for stage in survey.plan.stages.values():
        for portion in stage.portions:
            if portion.source == key:
                counts = survey.measure(stage.model, key, stage.recipe)
                found, rows = counts.total(stage.subset_seed, portion.count), portion.count
                tokens, supervised = found.tokens / rows, found.supervised / rows
                return f"{tokens:,.0f} tokens each, {supervised:,.0f} of them supervised ({counts.basis})"
    return ""


def facts_text(facts: SourceFacts, used: int) -> Iterable[str]:
    """What became of the rows that do not train as they are, in words; nothing where all of them do.

    Args:
        facts: of a source.
        used: conversations that an amount of 1 trains on.
    """
    yield from (f"{count:,} cleaned by {rule}" for rule, count in facts.cleaned.items())
    yield from (f"{count:,} dropped by {rule}" for rule, count in facts.dropped.items())
    counts = {
        "bad rows skipped": facts.bad_rows,
        "copies removed": facts.duplicates,
        "near copies removed": facts.near_duplicates,
        "share words with a question": facts.contaminated,
        "of these removed": facts.decontaminated,
        "held out": facts.held_out,
        "further answers to what is held out": facts.held_out_answers,
        "held out by other sources": facts.held_out_elsewhere,
        "beyond the weights of the join": facts.left - used,
    }
    yield from (f"{count:,} {what}" for what, count in counts.items() if count)


def assumption_lines(account: Account) -> Iterator[str]:
    """One assumption each: its value, and the field of the sweep file that changes it."""
    spec = account.survey.spec
    expected = [key for key in account.survey.indexes if key not in account.survey.sources]
    if expected:
        yield (
            f"tokens of a conversation of {', '.join(expected)}: as said above, until the data is here; "
            "set by tokens and supervised_tokens of a source"
        )
    chips = {machine.accelerator: machine for machine in account.machines.values()}
    for chip in chips:
        yield from _chip_lines(chip)
    yield (
        "training: each operation once, for real tokens only, since activations are kept and rows are packed "
        "or of like length. A program that recomputes activations takes a third more; one that pads rows "
        "takes as much more as they get longer"
    )
    on_gpus = any(one.gpus_per_worker for one in spec.models.values())
    yield (
        f"starting: {'11 s for a stage that Ray Train launches' if on_gpus else '1 s for a stage'}, "
        f"{WEIGHT_BYTES_PER_S / 1e6:,.0f} MB/s to read and write weights; not to be changed"
    )
    yield from _answer_lines(account)


def _chip_lines(chip: Accelerator) -> Iterator[str]:
    formats = "" if chip.peak_tflops == chip.fp32_tflops else f" in bf16 and {chip.fp32_tflops:g} in fp32"
    yield (
        f"{chip.name}: {chip.peak_tflops:g} TFLOP/s{formats} (cost.peak_tflops), of which training reaches "
        f"{chip.mfu:.0%} (cost.mfu); {chip.price_per_hour:g} USD a {'core' if chip.is_core else 'GPU'}-hour "
        "(cost.price_per_hour)"
    )


def _answer_lines(account: Account) -> Iterator[str]:
    chips = dict.fromkeys(machine.accelerator for machine in account.engines.values())
    for chip in chips:
        yield (
            f"answering on {chip.name}: reaches {chip.generation_mfu:.0%} of the peak; answers half as long "
            "as their limit (max_new_tokens of a benchmark)"
        )
    for model, fit in account.answering.items():
        yield _side_by_side(account, model, fit)


def _side_by_side(account: Account, model: str, fit: EngineFit) -> str:
    """How many answers of a model are written at once, by benchmark where that differs."""
    asked, chip = account.survey.spec.evaluation.batch_size, account.engines[model].accelerator
    memory = f"{fit.needs.total / GIB:.1f} of {chip.memory_gib:g} GiB on one {chip.name}"
    rows: dict[int, list[BenchmarkKey]] = {}
    for key, count in fit.rows.items():
        rows.setdefault(count, []).append(key)
    if set(rows) == {asked}:
        return f"{model}: {asked} answers side by side (evaluation.batch_size), in {memory}"
    said = "; ".join(f"{count} on {', '.join(rows[count])}" for count in sorted(rows, reverse=True))
    return (
        f"{model}: answers side by side: {said} (evaluation.batch_size asks for {asked}, and more do not "
        f"fit: {memory})"
    )
