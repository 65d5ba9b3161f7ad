"""`raysft data`, in this process: an InputError passes through, and `raysft.cli.main` makes code 2 of it."""

import hashlib
import json
import re
import tempfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from rich.console import Console
from support.small_tokenizers import llama1_like
from typer.testing import CliRunner, Result

from raysft.cli.data.app import data_app
from raysft.cli.data.show import show_conversations
from raysft.data.conversation import dialogue
from raysft.data.public import catalogue as public
from raysft.errors import FetchFailed, InputError

GOOD = [{"prompt": f"What is {one} + {one}?", "completion": f"It is {2 * one}."} for one in range(40)]
EVIL = "\x1b]0;owned\x07\x1b[2J[bold]⟦not marked⟧[/] <s></s>\u202eliar"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(data_app, [str(one) for one in arguments])


def wrong(*arguments: object) -> str:
    """What a wrong command line is told."""
    found = run(*arguments)
    assert isinstance(found.exception, InputError), found.output
    return str(found.exception)


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "good.jsonl", *GOOD)


@pytest.fixture(scope="module")
def llama(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    llama1_like().save_pretrained(folder)
    return folder


def test_check_prints_what_is_there(good: Path) -> None:
    found = run("check", good)
    assert found.exit_code == 0, found.output
    assert f"{good}: 40 rows, format prompt_completion" in found.stdout
    assert "rows: 40, all good" in found.stdout
    assert "training uses: 40 conversations; no exact copies" in found.stdout
    assert "tokens" not in found.stdout


def test_check_tells_bad_rows_and_copies(tmp_path: Path) -> None:
    bad = [{"prompt": "x"}] * 10 + [f"\x1b[31m{{{one}" for one in range(15)]
    found = run("check", written(tmp_path / "some.jsonl", *GOOD, *bad, GOOD[0]))
    assert found.exit_code == 1
    assert "rows: 66, 25 bad (on_bad_row refuse: a run stops here)" in found.stdout
    assert "40 conversations; 1 exact copies removed" in found.stdout
    assert found.stdout.count("some.jsonl:") == 1 + 20
    assert 'some.jsonl:41:  {"prompt": "x"}  has neither completion nor response' in found.stdout
    assert "and 5 more bad rows" in found.stdout
    told = json.loads(run("check", tmp_path / "some.jsonl", "--json").stdout)
    lines = [one["where"].rpartition(":")[2] for one in told["problems"]]
    assert (lines, told["more_problems"]) == ([str(line) for line in range(41, 66)], 0)
    assert "\x1b" not in found.stdout
    told = json.loads(run("check", tmp_path / "some.jsonl", "--json").stdout)
    assert [one["where"] for one in told["problems"]] == [
        f"{tmp_path / 'some.jsonl'}:{line}" for line in range(41, 66)
    ]
    assert told["more_problems"] == 0


def test_check_tells_where_there_are_too_many_bad_rows_to_be_left_out(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep.yaml"
    written(tmp_path / "good.jsonl", *GOOD, *[{"prompt": "x"}] * 9)
    sweep.write_text(
        "name: t\nabilities: {a: {source: {path: good.jsonl, on_bad_row: skip}}}\n"
        "models: {m: {base: world/base}}\nstudies: {s: {model: m, strategy: [{single: a}], amount: [1]}}\n"
    )
    found = run("check", f"{sweep}:a")
    assert found.exit_code == 1
    assert "9 bad (on_bad_row skip: too many, a run stops here)" in found.stdout
    assert "abilities.a.source.max_bad_rows:  1/10  9 of 49 rows of" in found.stdout
    assert not json.loads(run("check", f"{sweep}:a", "--json").stdout)["good"]
    assert run("check", f"{sweep}:a", "--set", "abilities.a.source.max_bad_rows=20%").exit_code == 0


def test_check_lists_the_keys_that_are_not_used(tmp_path: Path) -> None:
    dolly = {"instruction": "q", "context": "c", "response": "a", "category": "qa", "\x1b[31m": 1}
    turns = [
        {"role": "user", "content": "q", "name": "Bo"},
        {"role": "assistant", "content": "a", "weight": 0},
    ]
    chats = [{"messages": turns, "id": None}, {"messages": turns, "id": 7}]
    file = written(tmp_path / "some.jsonl", dolly, *chats, {"messages": [*turns, turns[0]]})
    found = run("check", file)
    assert found.exit_code == 0, found.output
    assert "not used of format alpaca: category 1, " in found.stdout
    assert "not used of format messages: messages[].name 4, id 1" in found.stdout
    assert "3 answers are not learnt, 1 conversations end with a question" in found.stdout
    assert "\x1b" not in found.stdout
    told = json.loads(run("check", file, "--json").stdout)
    assert told["files"][0]["unused_keys"]["messages"] == {"messages[].name": 4, "id": 1}
    assert (told["not_learnt"], told["end_with_question"], told["with_reasoning"]) == (3, 1, 0)


def test_check_with_the_rules_that_a_message_names(tmp_path: Path) -> None:
    first = {"conversations": [{"from": one, "value": one} for one in ("gpt", "human", "gpt")]}
    file = written(tmp_path / "chats.jsonl", *GOOD, first)
    bad = run("check", file)
    assert bad.exit_code == 1
    assert "begins with the assistant; to clean such rows, put `clean: [drop_leading_answer]`" in bad.stdout
    good = run("check", file, "--clean", "drop_leading_answer", "--clean", "merge_same_side")
    assert good.exit_code == 0, good.output
    assert "1 rows cleaned by drop_leading_answer; 0 rows cleaned by merge_same_side" in good.stdout
    assert run("show", file, "--clean", "drop_leading_answer", "--n", 50).exit_code == 0
    assert "--clean: tidy" in wrong("check", file, "--clean", "tidy")
    assert "in order" in wrong("check", "world/math", "--clean", "merge_same_side")


def test_check_as_json_has_these_keys(good: Path, llama: Path) -> None:
    found = run("check", good, "--model", llama, "--template", "vicuna", "--max-length", 90, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["files"] == [
        {"path": str(good), "format": "prompt_completion", "rows": 40, "bad_rows": 0, "unused_keys": {}}
    ]
    spread = {"least", "median", "p95", "most", "total"}
    assert told.keys() == {
        *(
            "source",
            "good",
            "rows",
            "bad_rows",
            "on_bad_row",
            "files",
            "problems",
            "more_problems",
            "roles",
            "not_learnt",
            "with_reasoning",
            "end_with_question",
            "answers",
        ),
        *("characters", "used", "tokens"),
    }
    assert told["characters"].keys() == told["answers"].keys() == spread
    assert told["used"].keys() == {
        *(
            "cleaned",
            "dropped",
            "copies",
            "near_duplicates",
            "decontaminated",
            "contaminated",
            "held_out",
            "held_out_answers",
            "held_out_elsewhere",
            "left",
        ),
        *("usable", "unexpected"),
    }
    assert told["tokens"].keys() == {"model", "template", "max_length", "overflow", "refused", "counts"}
    counts = told["tokens"].pop("counts")
    assert told["tokens"] == {
        "model": str(llama),
        "template": "vicuna",
        "max_length": 90,
        "overflow": "split",
        "refused": 0,
    }
    assert counts.pop("tokens").keys() == spread
    assert counts.keys() == {
        *("supervised_tokens", "longer", "cut", "split", "dropped", "trained_tokens"),
        *("trained_supervised_tokens", "lost"),
    }
    assert counts["supervised_tokens"] > 0
    assert json.loads(run("check", good, "--json").stdout)["tokens"] is None


def test_check_as_json_of_bad_rows(tmp_path: Path) -> None:
    found = run("check", written(tmp_path / "bad.jsonl", "no JSON"), "--json")
    assert found.exit_code == 1
    told = json.loads(found.stdout)
    assert (told["good"], told["rows"], told["bad_rows"], told["used"]) == (False, 1, 1, None)
    first, nothing_left = told["problems"]
    assert first["where"] == f"{tmp_path}/bad.jsonl:1"
    assert nothing_left["where"] == f"{tmp_path}/bad.jsonl"


SWEEP = """
name: t
abilities:
  sums:
    source:
      path: good.jsonl
      held_out: 5
      drop: [{matches: "It is 2."}]
      contamination: {mode: remove, words: 3}
    benchmark: {name: gsm8k, path: questions.jsonl}
models:
  small: {base: LLAMA, template: vicuna, recipe: {max_length: 64, overflow: drop}}
  scratch: {base: {hidden_size: 16, layers: 1, heads: 1, feed_forward: 16, vocabulary: 400}}
studies: {s: {model: small, strategy: [{single: sums}], amount: [1]}}
"""


def test_check_of_a_sweeps_source_says_what_the_sweep_would_use(good: Path, llama: Path) -> None:
    sweep = good.parent / "sweep.yaml"
    sweep.write_text(SWEEP.replace("LLAMA", str(llama)))
    written(good.parent / "questions.jsonl", {"question": "What is 7 + 7?", "answer": "#### 14"})
    found = run("check", f"{sweep}:sums", "--model", "small", "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["rows"] == 40
    assert told["used"]["dropped"] == {"matches It is 2.": 6}, "of 1 + 1, and of 10 + 10 to 14 + 14"
    assert told["used"]["held_out"] == 5
    assert told["used"]["left"] == 40 - 6 - 5 - told["used"]["decontaminated"]
    assert (told["tokens"]["max_length"], told["tokens"]["overflow"]) == (64, "drop")
    changes = ("--max-length", 32, "--overflow", "cut")
    said = run("check", f"{sweep}:sums", "--model", "small", *changes, "--json")
    other = json.loads(said.stdout)["tokens"]
    assert (other["max_length"], other["overflow"]) == (32, "cut")
    assert "from scratch" in wrong("check", f"{sweep}:sums", "--model", "scratch")


PICKY = """
{%- for m in messages -%}
{%- if '39' in m['content'] -%}{{- raise_exception('no 39') -}}{%- endif -%}
{%- if m['role'] == 'assistant' -%}
{{- 'A:\\n' -}}{%- generation -%}{{- m['content'].lstrip() + eos_token -}}{%- endgeneration -%}
{%- else -%}{{- 'Q: ' + m['content'] + '\\n' -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'A:\\n' -}}{%- endif -%}
"""


def test_check_tells_conversations_that_the_template_refuses(good: Path, llama: Path, tmp_path: Path) -> None:
    template = tmp_path / "picky.jinja"
    template.write_text(PICKY)
    found = run("check", good, "--model", llama, "--template", template)
    assert found.exit_code == 1, found.output
    assert "the template refuses 1 conversations" in found.stdout
    assert "no 39" in found.stdout


MATH, INTO = ["world/math"], ["--out", "x.jsonl"]
BASE, RULES = ["--model", "world/base"], ["--rules", "default"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["check", "nowhere.jsonl"], "no such file"),
        (["check", "world/math", "--max-length", "64"], "needs --model"),
        (["check", "world/math", "--template", "vicuna"], "needs --model"),
        (["check", "world/math", "--model", "world/nope"], "no such built-in model"),
        (["check", "world/math", "--model", "world/base", "--max-length", "1"], "--max-length: 1"),
        (["check", "world/math", "--model", "world/base", "--overflow", "tear"], "--overflow: tear"),
        (["check", "world/math", "--model", "world/base", "--template", "no.jinja"], "--template: "),
        (["show", "world/math", "--template", "vicuna"], "needs --model"),
        (["tag", *MATH, *INTO], "give --rules, or --model with --labels"),
        (["tag", *MATH, *INTO, *BASE], "--labels"),
        (
            ["tag", *MATH, *INTO, *RULES, "--labels", "a"],
            "goes with --model",
        ),
        (["tag", *MATH, *RULES, "--out", "x.json"], "name it FILE.jsonl"),
        (
            ["tag", *MATH, *INTO, *RULES, "--on-bad-row", "fix"],
            "refuse or skip",
        ),
        (["tag", *MATH, *RULES, "--out", "no/x.jsonl"], "no/x.jsonl"),
        (["tag", *MATH, *INTO, *BASE, "--labels", "a,none"], "'none'"),
        (["fetch", "gsm8k"], "gsm8k_train"),
        (["fetch", "mbpp", "--from", "http://example.org/mbpp.jsonl"], "use https://"),
    ],
)
def test_wrong_command_lines(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in wrong(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_tokenizer(good: Path) -> None:
    assert "no tokenizer that opens" in wrong("check", good, "--model", good.parent)


@pytest.mark.parametrize(("fate", "code"), [("refuse", 1), ("skip", 0)])
def test_check_follows_what_the_sweep_says_about_bad_rows(tmp_path: Path, fate: str, code: int) -> None:
    written(tmp_path / "good.jsonl", *GOOD, "no JSON")
    sweep = tmp_path / "sweep.yaml"
    source = f"{{path: good.jsonl, on_bad_row: {fate}}}"
    sweep.write_text(
        f"name: t\nabilities: {{a: {{source: {source}}}}}\nmodels: {{m: {{base: world/base}}}}\n"
        "studies: {s: {model: m, strategy: [{single: a}], amount: [1]}}\n"
    )
    found = run("check", f"{sweep}:a", "--json")
    assert found.exit_code == code, found.output
    told = json.loads(found.stdout)
    assert (told["good"], told["bad_rows"], told["on_bad_row"]) == (code == 0, 1, fate)
    assert told["used"]["left"] == 40
    assert [one["where"] for one in told["problems"]] == [f"{tmp_path}/good.jsonl:41"]
    assert f"1 bad (on_bad_row {fate}: " in run("check", f"{sweep}:a").stdout
    tagging = ("tag", f"{sweep}:a", "--rules", "default", "--out", tmp_path / "out.jsonl")
    if code:
        assert "good.jsonl:41" in wrong(*tagging)
    else:
        assert "1 bad rows left out" in run(*tagging).stdout


def test_everything_that_is_wrong_with_a_command_line_comes_in_one_answer() -> None:
    model = ("--model", "world/nope", "--template", "no.jinja", "--max-length", "1", "--overflow", "tear")
    found = run("check", "nowhere.jsonl", "--format", "odd", *model)
    assert isinstance(found.exception, InputError)
    problems = {one.field: one.remedy for one in found.exception.problems}
    assert list(problems) == [
        *("SOURCE", "--format", "--model", "--template", "--max-length", "--overflow"),
    ]
    assert problems["--max-length"] == "must be at least 8"
    assert problems["--overflow"] == "use cut, split or drop"
    assert "Input should" not in str(found.exception)
    tagging = run("tag", "nowhere.jsonl", "--out", "x.json", "--template", "vicuna")
    assert isinstance(tagging.exception, InputError)
    fields = [one.field for one in tagging.exception.problems]
    assert fields == ["--rules", "--out", "--template", "SOURCE"]


def test_looking_at_a_source_leaves_nothing_behind(good: Path, llama: Path, monkeypatch) -> None:
    monkeypatch.chdir(good.parent)
    (good.parent / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(good.parent / "scratch"))
    for name in ("check", "show"):
        assert run(name, good, "--model", llama, "--template", "vicuna").exit_code == 0
    assert sorted(path.name for path in good.parent.rglob("*") if not path.name.startswith("raysft-")) == [
        "good.jsonl",
        "scratch",
    ]


def test_show_always_shows_the_same_conversations_whatever_the_order_of_the_file(good: Path) -> None:
    turned = written(good.parent / "turned.jsonl", *reversed(GOOD))
    first = run("show", good, "--n", 4)
    assert first.exit_code == 0, first.output
    assert first.stdout == run("show", turned, "--n", 4).stdout
    assert first.stdout.count("── ") == 4
    fewer, other = run("show", good, "--n", 2).stdout, run("show", good, "--n", 4, "--seed", 1).stdout
    assert re.findall(r"⟦.*⟧", first.stdout)[:3] == re.findall(r"⟦.*⟧", fewer)
    assert other != first.stdout
    assert run("show", good, "--n", 50).stdout.count("── ") == 40


def test_show_without_a_model_marks_what_is_supervised(tmp_path: Path) -> None:
    chat = {"messages": [{"role": role, "content": role.upper()} for role in ("system", "user", "assistant")]}
    said = run("show", written(tmp_path / "a.jsonl", chat)).stdout
    assert "system: SYSTEM\nuser: USER\nassistant: ⟦ASSISTANT⟧\n" in said
    assert "3 messages, 19 characters" in said


def test_show_marks_what_a_row_says_is_learnt_and_tells_reasoning(tmp_path: Path) -> None:
    said = ({"content": "no", "weight": 0}, {"content": "yes", "thinking": "hm"})
    turns = [
        turn for one in said for turn in ({"role": "user", "content": "q"}, {"role": "assistant", **one})
    ]
    found = run("show", written(tmp_path / "chat.jsonl", {"messages": turns}))
    assert "assistant: no\nuser: q\nassistant thinks: ⟦hm⟧\nassistant: ⟦yes⟧" in found.stdout


def test_show_with_a_model_marks_tokens(tmp_path: Path, llama: Path) -> None:
    file = written(tmp_path / "a.jsonl", {"prompt": "one", "completion": "uno"})
    found = run("show", file, "--model", llama, "--template", "vicuna")
    assert found.exit_code == 0, found.output
    assert "⟨<s>⟩ A chat between" in found.stdout
    assert "USER: one ASSISTANT:⟦ uno⟨</s>⟩⟧\n" in found.stdout
    (tokens, supervised) = re.findall(r"(\d+) tokens, (\d+) supervised", found.stdout)[0]
    assert int(supervised) < int(tokens)


@pytest.mark.parametrize("with_model", [False, True])
def test_hostile_texts_do_nothing_to_the_terminal(tmp_path: Path, llama: Path, with_model: bool) -> None:
    file = written(tmp_path / "a.jsonl", {"prompt": EVIL, "completion": EVIL})
    arguments = ["--model", llama, "--template", "vicuna"] if with_model else []
    said = run("show", file, *arguments).stdout
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert said.count("\\x1b]0;owned\\x07\\x1b[2J[bold]\\u27e6not marked\\u27e7[/]") == 2
    marks = said.split("supervised⟧", 1)[1]
    assert (marks.count("⟦"), marks.count("⟧")) == (1, 1)
    assert marks.count("⟨</s>⟩") == (1 if with_model else 0), "those in the text are not special"


def test_colours_are_all_that_reaches_a_terminal(good: Path) -> None:
    chat, out = dialogue(EVIL, EVIL), StringIO()
    console = Console(file=out, force_terminal=True, color_system="standard", width=80, highlight=False)
    show_conversations(console, [chat], None)
    sequences = set(re.findall(r"\x1b[^m]*m?", out.getvalue()))
    assert {"\x1b[32m", "\x1b[2m", "\x1b[0m"} <= sequences
    assert all(re.fullmatch(r"\x1b\[[\d;]*m", one) for one in sequences)
    assert "⟦not marked⟧" in out.getvalue(), "where colours mark, brackets are text"
    assert not {"\x07", "\u202e"} & set(out.getvalue())


def test_fetch_lists_what_there_is() -> None:
    found = run("fetch")
    assert found.exit_code == 0
    for name, one in public.PUBLIC_SETS.items():
        assert name in found.stdout
        assert one.licence in found.stdout
    assert "code_alpaca_20k size unknown" in found.stdout
    assert "no checksum known: needs --unverified" in found.stdout


BODY = b'{"question": "1?", "answer": "#### 1"}\n'


class Serving(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_fetch_says_what_it_fetches_and_what_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = replace(public.PUBLIC_SETS["gsm8k_test"], size=len(BODY), sha256=hashlib.sha256(BODY).hexdigest())
    unknown = replace(known, file="other.jsonl", size=None, sha256=None, vouched=None)
    monkeypatch.setattr(public, "PUBLIC_SETS", {"known": known, "unknown": unknown})
    with ThreadingHTTPServer(("127.0.0.1", 0), Serving) as http:
        thread = Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{http.server_address[1]}/x"
        found = run("fetch", "known", "--to", tmp_path, "--from", url)
        refused = run("fetch", "unknown", "--to", tmp_path, "--from", url)
        accepted = run("fetch", "unknown", "--to", tmp_path, "--from", url, "--unverified")
        http.shutdown()
        thread.join()
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[1] == "licence:  MIT"
    assert f"SHA-256 {known.sha256}" in found.stdout
    assert lines[-1] == f"{tmp_path}/gsm8k_test.jsonl: fetched, {len(BODY)} bytes, verified"
    assert isinstance(refused.exception, FetchFailed)
    assert str(known.sha256) in str(refused.exception)
    assert f"could not be verified; its SHA-256 is {known.sha256}" in accepted.stdout
    assert (tmp_path / "other.jsonl").read_bytes() == BODY


def test_tag_by_rules(tmp_path: Path, good: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("high: {matches: '\\b3\\d\\b', role: user}\n")
    found = run("tag", good, "--rules", rules, "--out", tmp_path / "out.jsonl", "--field", "topics")
    assert found.exit_code == 0, found.output
    assert found.stdout == f"{tmp_path}/out.jsonl: 40 rows, 10 tagged\n  high: 10 (25.0%)\n"
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["topics"] for row in rows] == [[]] * 30 + [["high"]] * 10


def test_tag_tells_how_many_bad_rows_were_left_out(tmp_path: Path) -> None:
    file = written(tmp_path / "some.jsonl", GOOD[0], "no JSON")
    out = tmp_path / "out.jsonl"
    assert "some.jsonl:2" in wrong("tag", file, "--rules", "default", "--out", out)
    found = run("tag", file, "--rules", "default", "--out", out, "--on-bad-row", "skip")
    assert "1 bad rows left out" in found.stdout
