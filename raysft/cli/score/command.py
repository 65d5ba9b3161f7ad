"""Scores of answers from files, and checks of benchmarks, as a terminal shows them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from raysft.cli.terminal_text import on_one_line
from raysft.errors import InputError, Problem
from raysft.evaluate.answer_file import read_answer_file
from raysft.evaluate.benchmark import Answer, Benchmark
from raysft.evaluate.benchmarks.catalogue import Material, make_benchmark
from raysft.evaluate.benchmarks.own_solutions import check_own_solutions
from raysft.evaluate.samples import SampledScore, score_samples
from raysft.spec.evaluation import BenchmarkSpec
from raysft.wording import counted, did_you_mean

_BUILT_IN = "world/"
_NEEDS_A_SWEEP = "held_out"
_NEEDS_A_JUDGE = "mt_bench"
_SHOWN = 20
"""Failed questions that are named."""


def check_benchmark(name: str, questions: str | None, *, as_json: bool) -> bool:
    """Show whether all own solutions of a benchmark pass, and return it.

    Raises:
        InputError: no such benchmark, or its file cannot be read.
        ClusterError: programs cannot be confined on this machine.
    """
    found = check_own_solutions(_gradable(name, questions, None), questions or "")
    passed = found.questions - len(found.failed)
    if as_json:
        told = {"benchmark": name, "questions": found.questions, "passed": passed, "failed": found.failed}
        print(json.dumps(told, indent=2))
        return not found.failed
    print(f"{name}: {passed:,} of {found.questions:,} own solutions pass")
    for question in found.failed[:_SHOWN]:
        print(f"  {on_one_line(question)} does not pass")
    if len(found.failed) > _SHOWN:
        print(f"  and {len(found.failed) - _SHOWN:,} others; --json has all")
    return not found.failed


def score_file(
    name: str,
    answers: str,
    questions: str | None,
    limit: int | None,
    ks: Sequence[int],
    out: Path | None,
    *,
    as_json: bool,
) -> bool:
    """Show what a file of answers scores; returns whether every answer was graded.

    Raises:
        InputError: no such benchmark, a file cannot be read or written, answers and questions do not match.
        ClusterError: programs cannot be confined on this machine.
    """
    benchmark = _gradable(name, questions, limit)
    others = () if limit is None else _gradable(name, questions, None).questions
    given = read_answer_file(answers, benchmark.questions, others)
    if out is not None:
        _refuse_unwritable(out)
    found = score_samples(benchmark, given, ks)
    if out is not None:
        _write_items(out, given, found)
    if as_json:
        print(json.dumps(_as_json(benchmark, found), indent=2))
    else:
        Console().print(_as_text(benchmark, found), markup=False, highlight=False, soft_wrap=True)
    return not found.unscored


def _gradable(name: str, questions: str | None, limit: int | None) -> Benchmark:
    """The benchmark of that name; raises InputError if it needs a file, a judge or a sweep."""
    known = [one for one in get_args(BenchmarkSpec.model_fields["name"].annotation) if one != _NEEDS_A_SWEEP]
    if name not in known:
        gradable = [one for one in known if one != _NEEDS_A_JUDGE]
        remedy = f"use one of {', '.join(gradable)}{did_you_mean(name, gradable)}"
        raise InputError([Problem("BENCHMARK", name, remedy)])
    built_in = name.startswith(_BUILT_IN)
    if built_in == (questions is not None):
        remedy = "its questions are built in" if built_in else "give the file that its authors published"
        raise InputError([Problem("--questions", str(questions or "not given"), remedy)])
    spec = BenchmarkSpec(name=name, path=questions, limit=limit)
    benchmark = make_benchmark(Material("", spec, questions or "", None, ())).benchmark
    if not benchmark.grades:
        raise InputError([Problem("BENCHMARK", name, "it needs a judge, and there is none yet")])
    return benchmark


def _as_json(benchmark: Benchmark, found: SampledScore) -> dict[str, Any]:
    return {
        "benchmark": benchmark.name,
        "version": benchmark.version,
        "metric": benchmark.metric.name,
        "value": found.value,
        "standard_error": found.standard_error,
        "questions": found.questions,
        "samples": found.samples,
        "unscored": found.unscored,
        "no_answer_rate": found.no_answer_rate,
        "cut_off_rate": found.cut_off_rate,
        "strict_rate": found.strict_rate,
        "flexible_rate": found.flexible_rate,
        "pass_at": {str(k): value for k, value in found.pass_at.items()},
    }


def _as_text(benchmark: Benchmark, found: SampledScore) -> str:
    metric = benchmark.metric
    value = "no score" if found.value is None else f"{found.value:.2f}"
    error = "" if found.standard_error is None else f" ± {found.standard_error:.2f}"
    lines = [f"{benchmark.name}: {metric.name} {value}{error} (best {metric.best:g})"]
    lines.append(f"  {counted(found.questions, 'question')}, {counted(found.samples, 'answer')}")
    lines += [f"  pass@{k} {value:.2f}" for k, value in found.pass_at.items() if k > 1]
    if found.strict_rate is not None and found.flexible_rate is not None:
        gap = ": the gap is format" if found.strict_rate != found.flexible_rate else ""
        lines.append(f"  strict {found.strict_rate:.1%}, flexible {found.flexible_rate:.1%}{gap}")
    for what, rate in (("no answer found in", found.no_answer_rate), ("cut off", found.cut_off_rate)):
        if rate:
            lines.append(f"  {what} {rate:.1%}")
    if found.unscored:
        reasons = dict.fromkeys(on_one_line(one.reason) for one in found.verdicts if one.value is None)
        lines.append(f"  unscored {counted(found.unscored, 'answer')}: {'; '.join(list(reasons)[:3])}")
    return "\n".join(lines)


def _refuse_unwritable(out: Path) -> None:
    """Before programs run for minutes; raises InputError."""
    if out.is_dir():
        raise InputError([Problem("--out", str(out), "is a folder; name a file")])
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise InputError([Problem("--out", str(out), "cannot be written; name a file in a folder of yours")])


def _write_items(out: Path, answers: list[Answer], found: SampledScore) -> None:
    """One row per answer, in the order of the file."""
    rows = (
        {
            "question": verdict.question,
            "value": verdict.value,
            "no_answer": verdict.no_answer,
            "ends": answer.ends,
            "reason": verdict.reason,
            "details": dict(verdict.details),
        }
        for answer, verdict in zip(answers, found.verdicts, strict=True)
    )
    try:
        out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    except OSError as error:
        raise InputError(
            [Problem("--out", str(out), f"cannot be written: {error.strerror or error}")]
        ) from None
