"""`raysft score` and `raysft benchmark check`: what needs a benchmark's questions and no model.

Exit code 0: done; 1: an answer could not be graded, or an own solution does not pass; 2: wrong input.
"""

from pathlib import Path
from typing import Annotated

import typer

from raysft.cli.options import AsJson

Name = Annotated[
    str, typer.Argument(metavar="BENCHMARK", help="gsm8k, math, humaneval, mbpp, or world/math and the like.")
]
Questions = Annotated[
    str | None,
    typer.Option(
        "--questions", metavar="FILE", help="The questions, as the benchmark's authors published them."
    ),
]

benchmark_app = typer.Typer(
    help="Check a benchmark's own solutions.",
    no_args_is_help=True,
    epilog="Example: raysft benchmark check humaneval --questions HumanEval.jsonl.gz",
)


@benchmark_app.callback()
def _benchmark() -> None:
    pass


@benchmark_app.command(epilog="Example: raysft benchmark check humaneval --questions HumanEval.jsonl.gz")
def check(name: Name, questions: Questions = None, as_json: AsJson = False) -> None:
    """Run the authors' own solutions, and grade the reference answers: all should pass.

    JSON: `benchmark`, `questions` (with a solution), `passed`, `failed` (ids).
    """
    from raysft.cli.score.command import check_benchmark

    if not check_benchmark(name, questions, as_json=as_json):
        raise typer.Exit(1)


def score(
    name: Name,
    answers: Annotated[
        str, typer.Argument(metavar="FILE", help="Answers: JSON Lines, JSON or Parquet, one row each.")
    ],
    questions: Questions = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    k: Annotated[
        list[int] | None,
        typer.Option("-k", help="Of pass@k; else those of 1, 10 and 100 for which there are samples enough."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the grade of each answer (JSON Lines).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score answers from a file; no model is needed.

    A row has a question's id (`task_id`, `question_id`, `question` or `id`) and its text (`completion`,
    `answer`, `texts`, ...). Several rows of one question are samples: pass@k is the unbiased estimate.

    JSON: `benchmark`, `version` (of the grading), `metric`, `value`, `standard_error`, `questions`,
    `samples`, `unscored`, `no_answer_rate`, `cut_off_rate`, `strict_rate`, `flexible_rate`, `pass_at` (by k,
    in per cent). Numbers that are not known are null.
    """
    from raysft.cli.score.command import score_file

    if not score_file(name, answers, questions, limit, k or (), out, as_json=as_json):
        raise typer.Exit(1)
