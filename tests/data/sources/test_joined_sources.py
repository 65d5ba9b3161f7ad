"""Sources of several parts, filters, and what is counted about them."""

import json
import random
import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raysft.composition.order import SourcePart
from raysft.data.conversation import dialogue
from raysft.data.sources.pipeline import load_source
from raysft.data.sources.rows import SourceRows
from raysft.errors import InputError
from raysft.spec.source import SourceSpec

QUESTION = "How many of the 48 clips did she sell to her friends in the month of May alone"


def row(k, **further):
    return {"prompt": f"{k}?", "completion": f"{k}.", **further}


def of(k):
    return dialogue(f"{k}?", f"{k}.").id


def loaded(folder, source, key="x", questions=()):
    return load_source(key, SourceSpec.model_validate(source), str(folder), {"bench": questions})


@pytest.fixture
def load(tmp_path):
    """Load a source whose files are given as lists of rows."""

    def load(files, questions=(), **source):
        for name, rows in files.items():
            (tmp_path / name).write_text("".join(json.dumps(one) + "\n" for one in rows))
        return loaded(tmp_path, source, questions=questions)

    return load


def test_parts_have_their_ids_and_weights(load):
    source = load(
        {"a.jsonl": map(row, range(30)), "b.jsonl": map(row, range(30, 40))},
        join=[{"path": "a.jsonl", "weight": 3}, "b.jsonl"],
    )
    first, second = source.index.parts
    assert first == SourcePart(Fraction(3), tuple(sorted(map(of, range(30)))))
    assert second == SourcePart(Fraction(1), tuple(sorted(map(of, range(30, 40)))))
    assert set(source.index.ids) == {*first.ids, *second.ids}
    assert (source.index.rows, source.facts.left) == (40, 40)
    assert Counter(one in set(first.ids) for one in source.index.prefix(0, 8)) == {True: 6, False: 2}


def test_what_is_in_two_parts_belongs_to_the_first(load):
    files = {"a.jsonl": list(map(row, range(20))), "b.jsonl": list(map(row, range(15, 25)))}
    source = load(files, join=["a.jsonl", "b.jsonl"])
    assert [len(part.ids) for part in source.index.parts] == [20, 5]
    assert source.facts.duplicates == 5
    other = load(files, join=["b.jsonl", "a.jsonl"])
    assert [len(part.ids) for part in other.index.parts] == [10, 15]
    assert source.index.ids == other.index.ids


def test_copies_that_are_kept_stay_in_the_part_they_were_found_in(load):
    files = {"a.jsonl": [row(1), row(1), row(2)], "b.jsonl": [row(1), row(3), row(3)]}
    source = load(files, join=["a.jsonl", "b.jsonl"], duplicates="keep")
    first, second = source.index.parts
    assert set(first.ids) == {of(1), f"{of(1)}.2", of(2)}
    assert set(second.ids) == {f"{of(1)}.3", of(3), f"{of(3)}.2"}
    assert source.conversation(f"{of(1)}.3").id == of(1)


def test_held_out_conversations_are_in_no_part(load):
    files = {"a.jsonl": list(map(row, range(40))) * 2, "b.jsonl": list(map(row, range(30, 60)))}
    for duplicates in ("remove", "keep"):
        source = load(files, join=["a.jsonl", "b.jsonl"], held_out=20, duplicates=duplicates)
        parts = [one for part in source.index.parts for one in part.ids]
        assert len(source.held_out) == 20
        assert not {one.split(".")[0] for one in parts} & set(source.index.held_out)
        assert sorted(parts) == list(source.index.ids)


@pytest.mark.parametrize("rules", [{}, {"drop": [{"matches": "^3"}]}])
def test_a_part_of_which_nothing_is_left_is_refused(load, rules):
    rows = [row(3)] if rules else []
    with pytest.raises(InputError, match=r"abilities\.x\.source\.join\[1\]\.path: b\.jsonl"):
        load({"a.jsonl": [row(1)], "b.jsonl": rows}, join=["a.jsonl", {"path": "b.jsonl", **rules}])


def test_limit_is_shared_by_the_parts(load):
    files = {"a.jsonl": list(map(row, range(50))), "b.jsonl": list(map(row, range(50, 99)))}
    source = load(files, join=[{"path": "a.jsonl", "weight": 3}, "b.jsonl"], limit=9)
    assert [sorted(part.ids) for part in source.index.parts] == [
        sorted(map(of, range(6))),
        sorted(map(of, range(50, 52))),
    ]
    assert load(files, join=[{"path": "a.jsonl", "weight": 99}, "b.jsonl"], limit=3).facts.read == 3


def test_rules_of_a_part_are_its_own_and_rules_of_the_source_are_for_all(load):
    tagged = [row(k, tags=["code"] if k % 2 else ["chat"]) for k in range(10)]
    source = load(
        {"a.jsonl": tagged, "b.jsonl": [row(k, tags="code") for k in range(10, 15)]},
        join=[{"path": "a.jsonl", "drop": [{"any_of": "code"}]}, "b.jsonl"],
        drop=[{"matches": "^12"}, {"longer_than": 6}],
    )
    assert source.facts.dropped == {"tags any_of code": 5, "matches ^12": 1, "longer_than 6": 0}
    assert [len(part.ids) for part in source.index.parts] == [5, 4]


def test_rules_come_before_copies_and_after_bad_rows(load):
    rows = [row(1, lang="en"), row(1, lang="de"), {"prompt": "", "lang": "de"}, row(2, lang="de")]
    source = load(
        {"a.jsonl": rows}, path="a.jsonl", drop=[{"field": "lang", "none_of": "en"}], on_bad_row="skip"
    )
    facts = source.facts
    assert sum(facts.dropped.values()) == 2
    assert (facts.read, facts.bad_rows, facts.duplicates, facts.left) == (4, 1, 0, 1)


def test_rules_that_leave_nothing_are_named(load):
    with pytest.raises(
        InputError, match=r"source\.path: a\.jsonl: no conversation in 3 rows, of which 3 were"
    ):
        load({"a.jsonl": map(row, range(3))}, path="a.jsonl", drop=[{"shorter_than": 99}])


def test_files_as_they_are_have_no_dropped_rows(load, tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row(k % 3)) + "\n" for k in range(6)))
    source = SourceSpec.model_validate({"path": "a.jsonl", "drop": [{"matches": "^2"}]})
    rows = SourceRows(source, str(tmp_path), "x")
    assert [one.conversation.id for one in rows.conversations()] == [of(0), of(1)] * 2


def test_a_variant_is_a_source_under_a_key_of_its_own(tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row(k)) + "\n" for k in range(12)))
    short = loaded(tmp_path, {"path": "a.jsonl", "drop": [{"longer_than": 4}]}, "x/short")
    assert (short.index.name, short.index.rows) == ("x/short", 10)
    (tmp_path / "b.jsonl").write_text("")
    with pytest.raises(InputError, match=r"abilities\.x\.variants\.bad\.path: b\.jsonl: no conversation"):
        loaded(tmp_path, "b.jsonl", "x/bad")


def test_contaminated_conversations_are_reported_or_removed(load):
    rows = [row(1), {"prompt": f"So: {QUESTION.upper()}?", "completion": "24"}, row(2)]
    found = dialogue(f"So: {QUESTION.upper()}?", "24").id
    reported = load({"a.jsonl": rows}, [QUESTION], path="a.jsonl", contamination={})
    assert (reported.facts.contaminated, reported.facts.decontaminated, reported.facts.left) == (1, 0, 3)
    (finding,) = reported.facts.findings
    assert (finding.conversation, finding.benchmark) == (found, "bench")
    assert finding.where.endswith("a.jsonl:2")
    assert finding.words == "how many of the 48 clips did she sell to her friends in"
    removed = load({"a.jsonl": rows}, [QUESTION], path="a.jsonl", contamination={"mode": "remove"})
    assert (removed.facts.contaminated, removed.facts.decontaminated, removed.facts.left) == (1, 1, 2)
    assert found not in removed.index.ids
    assert removed.facts.findings == reported.facts.findings
    assert load({"a.jsonl": rows}, [QUESTION], path="a.jsonl").facts.contaminated == 0


RNG = random.Random(0)
LONG = [[f"w{RNG.randrange(300)}" for _ in range(60)] for _ in range(4)]
KINDS = {
    "short": st.integers(0, 9).map(row),
    "bad": st.just({"prompt": "a", "completion": ""}),
    "tagged": st.integers(0, 3).map(lambda k: row(k, tags="code")),
    # four texts, and up to five spellings of each that are nearly equal
    "near": st.tuples(st.sampled_from(LONG), st.integers(0, 4)).map(
        lambda given: {"prompt": " ".join(given[0]), "completion": f"w{given[1]}"}
    ),
    "question": st.integers(0, 3).map(lambda k: {"prompt": f"{k} {QUESTION}", "completion": "24"}),
}
SOURCES = st.fixed_dictionaries(
    {
        "duplicates": st.sampled_from(["keep", "remove"]),
        "held_out": st.integers(0, 3),
        "near_duplicates": st.sampled_from([None, {}, {"similarity": 0.5}]),
        "contamination": st.sampled_from([None, {}, {"mode": "remove"}]),
        "drop": st.sampled_from([[], [{"any_of": "code"}], [{"any_of": "code"}, {"longer_than": 99}]]),
    }
)
FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def or_refused(load, *args, **source):
    try:
        return load(*args, **source)
    except InputError as error:
        if not re.search("nothing|no conversation", str(error)):
            raise
        return None


@FEW
@given(rows=st.lists(st.one_of(*KINDS.values()), max_size=40), source=SOURCES, joined=st.booleans())
def test_every_row_is_counted_once(load, rows, source, joined):
    files = {"a.jsonl": rows[::2], "b.jsonl": rows[1::2]}
    where = {"join": ["a.jsonl", "b.jsonl"]} if joined else {"path": ["a.jsonl", "b.jsonl"]}
    found = or_refused(load, files, [QUESTION], on_bad_row="skip", max_bad_rows=1, **where, **source)
    if found is None:
        return
    facts, index = found.facts, found.index
    assert facts.read == len(rows)
    assert facts.bad_rows == sum(one["completion"] == "" for one in rows)
    assert facts.read == (
        facts.bad_rows
        + sum(facts.dropped.values())
        + facts.duplicates
        + facts.near_duplicates
        + facts.decontaminated
        + facts.held_out
        + facts.left
    )
    assert (facts.left, facts.held_out) == (len(index.ids), len(index.held_out))
    if source["contamination"] == {"mode": "remove"}:
        assert facts.decontaminated == facts.contaminated
        texts = [one.content for each in found.trained for one in each.messages]
        assert not any(QUESTION in text for text in texts)
    if source["duplicates"] == "keep" and not source["near_duplicates"] and not source["held_out"]:
        assert facts.duplicates == 0
    assert [found.conversation(one).id for one in index.ids] == [one.split(".")[0] for one in index.ids]
    if joined:
        assert sorted(one for part in index.parts for one in part.ids) == list(index.ids)


@FEW
@given(
    rows=st.lists(st.one_of(*KINDS.values()), min_size=1, max_size=30),
    source=SOURCES,
    rng=st.randoms(use_true_random=False),
)
def test_order_of_rows_and_files_changes_nothing(load, rows, source, rng):
    shuffled = rng.sample(rows, len(rows))
    cut = rng.randint(0, len(rows))
    one = or_refused(
        load, {"a.jsonl": rows}, [QUESTION], path="a.jsonl", on_bad_row="skip", max_bad_rows=1, **source
    )
    other = or_refused(
        load,
        {"a.jsonl": shuffled[:cut], "b.jsonl": shuffled[cut:]},
        [QUESTION],
        path=["b.jsonl", "a.jsonl"],
        on_bad_row="skip",
        max_bad_rows=1,
        **source,
    )
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    assert one.index == other.index
    assert [counts(each.facts) for each in (one, other)] == [counts(one.facts)] * 2
    assert list(one.trained) == list(other.trained)
    assert one.held_out == other.held_out


def counts(facts):
    """Everything but the lines of the findings, which depend on the file."""
    return {**vars(facts), "findings": [(one.conversation, one.words) for one in facts.findings]}


@FEW
@given(
    weights=st.lists(st.fractions(Fraction(1, 4), 4, max_denominator=4), min_size=1, max_size=3),
    sizes=st.lists(st.integers(1, 25), min_size=3, max_size=3),
    seed=st.integers(0, 3),
)
def test_a_smaller_amount_of_a_joined_source_is_part_of_a_larger_one(load, weights, sizes, seed):
    files, parts, start = {}, [], 0
    for place, weight in enumerate(weights):
        files[f"{place}.jsonl"] = [row(k) for k in range(start, start + sizes[place])]
        start += sizes[place]
        parts.append({"path": f"{place}.jsonl", "weight": str(weight)})
    index = load(files, join=parts).index
    whole = index.prefix(seed, index.rows)
    assert len(set(whole)) == index.rows
    for count in range(index.rows):
        assert index.prefix(seed, count) == whole[:count]


MANIFEST = """
import sys
from raysft.data.sources.pipeline import load_source
from raysft.spec.source import SourceSpec
source = SourceSpec.model_validate_json(sys.argv[1])
source = load_source("x", source, sys.argv[2], {"bench": [sys.argv[3]]})
print(source.index.prefix_digest(3, source.index.rows // 2), source.index.prefix_digest(3, source.index.rows))
print(sorted(vars(source.facts).items()))
"""


def test_another_process_finds_the_same_source(load, tmp_path):
    rng = random.Random(2)
    rows = [
        rng.choice(
            [
                row(rng.randrange(50)),
                {"prompt": " ".join(rng.choice(LONG)), "completion": f"w{rng.randrange(5)}"},
                {"prompt": QUESTION, "completion": f"{rng.randrange(9)}"},
            ]
        )
        for _ in range(300)
    ]
    source = {"join": ["a.jsonl"], "near_duplicates": {}, "contamination": {"mode": "remove"}, "held_out": 5}
    found = load({"a.jsonl": rows}, [QUESTION], **source)
    spec = SourceSpec.model_validate(source).model_dump_json(exclude_unset=True)
    told = set()
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", MANIFEST, spec, tmp_path, QUESTION],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed},
        )
        told.add(done.stdout)
    index = found.index
    digests = [index.prefix_digest(3, count) for count in (index.rows // 2, index.rows)]
    assert told == {f"{' '.join(digests)}\n{sorted(vars(found.facts).items())}\n"}
    assert min(found.facts.decontaminated, found.facts.near_duplicates, found.facts.duplicates) > 0
