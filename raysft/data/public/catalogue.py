"""Public sets that `raysft data fetch` knows: a row of the table for each file.

Every file is fetched from those who published it, at a fixed commit where one is known to hold these bytes.
How much a checksum is worth is said with it:

    seen       taken from a copy of the file that was at hand when this table was written
    authors    the authors state it themselves (the file is kept in Git LFS, whose pointer is the SHA-256)
    others     several projects that pin the file state it, and agree; nobody here has seen the file
    None       no checksum is known; what comes cannot be verified
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from raysft.errors import InputError, Problem

Vouched = Literal["seen", "authors", "others"]


@dataclass(frozen=True)
class PublicSet:
    """One file that its authors published."""

    what: str
    """In a few words, with its rows."""
    file: str
    """Name under which it is kept; those that the files in `sweeps/` use."""
    url: str
    origin: str
    """Whose it is."""
    licence: str
    """As the authors state it."""
    size: int | None = None
    """In bytes; None if unknown."""
    sha256: str | None = None
    """64 hexadecimal digits; None if unknown."""
    vouched: Vouched | None = None
    """Who says so; None without a checksum."""


_GITHUB = "https://raw.githubusercontent.com"
_GSM8K = f"{_GITHUB}/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/grade_school_math/data"
_HUMANEVAL = f"{_GITHUB}/openai/human-eval/6d43fb980f9fee3c892a914eda09951f772ad10d/data"
_FASTCHAT = f"{_GITHUB}/lm-sys/FastChat/587d5cfa1609a43d192cedb8441cac3c17db105d"
_CODE_ALPACA = f"{_GITHUB}/sahil280114/codealpaca/master/data"
_MBPP = f"{_GITHUB}/google-research/google-research/4700efb9afa54286b0e04473ba80a13e8461e25f/mbpp"
_ALPACA = f"{_GITHUB}/tatsu-lab/stanford_alpaca/761dc5bfbdeeffa89b8bff5d038781a4055f796a"
_LLAMA_FACTORY = f"{_GITHUB}/hiyouga/LLaMA-Factory/main/data"
_LLM_FOUNDRY = f"{_GITHUB}/mosaicml/llm-foundry/16b8e323c990110545cc70bef63abbfb0f9eeb7e/scripts/data_prep"
_PRM800K = "https://media.githubusercontent.com/media/openai/prm800k/7ecc794703b2877f63226f2477a49b34f9b25163/prm800k"

PUBLIC_SETS: Mapping[str, PublicSet] = {
    "gsm8k_train": PublicSet(
        "grade-school maths to train on, 7,473 rows, format gsm8k",
        "gsm8k_train.jsonl",
        f"{_GSM8K}/train.jsonl",
        "openai/grade-school-math",
        "MIT",
        4166206,
        "17f347dc51477c50d4efb83959dbb7c56297aba886e5544ee2aaed3024813465",
        "seen",
    ),
    "gsm8k_test": PublicSet(
        "grade-school maths, the benchmark gsm8k, 1,319 questions",
        "gsm8k_test.jsonl",
        f"{_GSM8K}/test.jsonl",
        "openai/grade-school-math",
        "MIT",
        749738,
        "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
        "seen",
    ),
    "humaneval": PublicSet(
        "Python programs, the benchmark humaneval, 164 problems",
        "HumanEval.jsonl.gz",
        f"{_HUMANEVAL}/HumanEval.jsonl.gz",
        "openai/human-eval",
        "MIT",
        44877,
        "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
        "seen",
    ),
    "mt_bench": PublicSet(
        "two-turn questions, the benchmark mt_bench, 80 questions",
        "mt_bench_question.jsonl",
        f"{_FASTCHAT}/fastchat/llm_judge/data/mt_bench/question.jsonl",
        "lm-sys/FastChat",
        "Apache-2.0",
        48929,
        "119565adbab82227089cefdb44c8d7e2cf04dc0a0ec233634c82e7d4e2a944f7",
        "seen",
    ),
    "mt_bench_references": PublicSet(
        "GPT-4's reference answers for mt_bench, 30 rows (the one for 104 is wrong: FastChat issue 3053)",
        "mt_bench_reference_gpt-4.jsonl",
        f"{_FASTCHAT}/fastchat/llm_judge/data/mt_bench/reference_answer/gpt-4.jsonl",
        "lm-sys/FastChat",
        "Apache-2.0",
        51109,
        "f957a5bc977badb66885ec970e6cd08527845780313f0995764260e5777b9b3f",
        "seen",
    ),
    "code_alpaca_20k": PublicSet(
        "code instructions to train on, 20,022 rows, format alpaca; the code source of arXiv 2310.05492",
        "code_alpaca_20k.json",
        f"{_CODE_ALPACA}/code_alpaca_20k.json",
        "sahil280114/codealpaca",
        "CC BY-NC 4.0",
    ),
    "code_alpaca_2k": PublicSet(
        "code instructions to train on, 2,017 rows, format alpaca",
        "code_alpaca_2k.json",
        f"{_CODE_ALPACA}/code_alpaca_2k.json",
        "sahil280114/codealpaca",
        "CC BY-NC 4.0",
        796189,
        "9cb7352683bd2f530ce81eff7f8d58ccbe1a4bdf28afebbe9f80ec687256066d",
        "seen",
    ),
    "code_alpaca_new": PublicSet(
        "further code instructions of the same authors, 4,535 rows, format alpaca",
        "code_alpaca_new.json",
        f"{_CODE_ALPACA}/new_codealpaca.json",
        "sahil280114/codealpaca",
        "CC BY-NC 4.0",
        3549564,
        "2c8f4bb2dbce75ecc2020ded30f0fa935b7aa89d7be0c271f4ac208062f1bcb6",
        "seen",
    ),
    "mbpp": PublicSet(
        "short Python functions, the benchmark mbpp, 974 tasks of which 500 are asked",
        "mbpp.jsonl",
        f"{_MBPP}/mbpp.jsonl",
        "google-research/google-research",
        "CC BY 4.0",
        563743,
        "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
        "others",
    ),
    "math500_test": PublicSet(
        "competition mathematics, 500 problems of MATH's test split; for the benchmark math",
        "math500_test.jsonl",
        f"{_PRM800K}/math_splits/test.jsonl",
        "openai/prm800k (problems: hendrycks/math)",
        "MIT",
        446564,
        "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",
        "authors",
    ),
    "math": PublicSet(
        "competition mathematics, all of MATH as an archive, which is not unpacked; it may be gone by now. "
        "Its test split, 5,000 problems: cat MATH/test/*/*.json | jq -c . > math_test.jsonl",
        "MATH.tar",
        "https://people.eecs.berkeley.edu/~hendrycks/MATH.tar",
        "hendrycks/math",
        "MIT",
        None,
        "0fbe4fad0df66942db6c221cdcc95b298cc7f4595a2f0f518360cce84e90d9ac",
        "others",
    ),
    "alpaca": PublicSet(
        "general instructions to train on, 52,002 rows, format alpaca",
        "alpaca_data.json",
        f"{_ALPACA}/alpaca_data.json",
        "tatsu-lab/stanford_alpaca",
        "CC BY-NC 4.0",
        None,
        "2eddafc6b977608d778aaab8dfc7e50e547b3af9826dfb9e909d9fc362e4a419",
        "others",
    ),
    "alpaca_en_demo": PublicSet(
        "general instructions to try things out, 999 rows, format alpaca",
        "alpaca_en_demo.json",
        f"{_LLAMA_FACTORY}/alpaca_en_demo.json",
        "hiyouga/LLaMA-Factory",
        "Apache-2.0 (of the repository)",
        859893,
        "bcc37c64db1a739a0789a1b81f251146fcf4459f903474bc9e3c21bbb5628318",
        "seen",
    ),
    "dolly_small": PublicSet(
        "general instructions to try things out, 1,000 rows, format prompt_completion, questions in Alpaca's "
        "template",
        "dolly_hhrlhf_small.jsonl",
        f"{_LLM_FOUNDRY}/dolly_hhrlhf_train_small.jsonl",
        "mosaicml/llm-foundry",
        "Apache-2.0 (of the repository)",
        940232,
        "8d2def6bcae096798cbff5c69fb5817599f80d0dab8548bd76b61c3faeb159d8",
        "seen",
    ),
    "sharegpt_dummy": PublicSet(
        "many-turn chats to try the format sharegpt out, 500 rows",
        "sharegpt_format_dummy.json",
        f"{_FASTCHAT}/data/dummy_conversation.json",
        "lm-sys/FastChat",
        "Apache-2.0",
        234166,
        "534c5a1079f2eb61ff96633330ce87c4743f5b6d5b1691b44a65920473540470",
        "seen",
    ),
}
"""By name. Not here: ShareGPT and GSM8K RFT, which have no address of their authors that is known to last."""


def public_set(name: str) -> PublicSet:
    """The set of that name.

    Raises:
        InputError: there is none; the message names those that are spelt alike.
    """
    if name not in PUBLIC_SETS:
        near = get_close_matches(name, PUBLIC_SETS, cutoff=0.5) or list(PUBLIC_SETS)
        raise InputError([Problem("NAME", name, f"no such set; use {' or '.join(near)}")])
    return PUBLIC_SETS[name]
