"""Sources tokenised into the store: once, for the template in use, the same from any files."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from raysft.data.sources.pipeline import load_sources
from raysft.data.tokens.prepared import Prepared
from raysft.data.tokens.template import encode
from raysft.data.world import BASES
from raysft.identity import digest_lines
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.bases import find_bases, used_models
from raysft.sweep.inputs.prepare import base_digest, base_folder, prepare_sweep, prepared_key, prepared_source

ROWS = [{"prompt": f"What is {k} + {k}?", "completion": f"{2 * k}"} for k in range(30)]
SCRATCH = {"hidden_size": 8, "layers": 1, "heads": 1, "feed_forward": 8, "vocabulary": 300, "context": 512}


@dataclass(frozen=True)
class Read:
    sources: dict
    bases: dict


def read(folder, rows=ROWS, models=None, **source):
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    models = models or {"tiny": {"base": "world/base"}}
    spec = SweepSpec.model_validate(
        {
            "name": "s",
            "data_dir": str(folder),
            "abilities": {
                "math": {
                    "source": {"path": "rows.jsonl", **source},
                    "variants": {"few": {"path": "rows.jsonl", "drop": [{"matches": "^What is 1"}]}},
                }
            },
            "models": models,
            "studies": {"one": {"model": list(models), "strategy": "multi_task"}},
        }
    )
    sources = load_sources(spec.sources, spec.data_dir, {})
    indexes = {key: source.index for key, source in sources.items()}
    return Read(sources, find_bases(spec, indexes, used_models(spec)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def prepared(store, given, key="math", model="tiny"):
    return prepared_source(store, given.sources[key], given.bases[model], given.sources)


def test_every_source_stands_once_under_the_key_of_what_it_holds(tmp_path, store):
    given = read(tmp_path)
    prepare_sweep(given, store)
    base = given.bases["tiny"]
    keys = {prepared_key(source, base.identity) for source in given.sources.values()}
    assert len(keys) == 2
    assert set(store.keys("prepared")) == keys
    assert Prepared.open(prepared(store, given)).ids == given.sources["math"].index.ids
    assert Prepared.open(prepared(store, given, "math/few")).ids == given.sources["math/few"].index.ids
    assert set(store.keys("prepared")) == keys


def test_a_source_that_stands_is_not_made_again(tmp_path, store):
    folder = prepared(store, read(tmp_path))
    (written,) = folder.glob("*.arrow")
    before = written.stat().st_mtime_ns
    assert prepared(store, read(tmp_path, ROWS[::-1])) == folder
    assert written.stat().st_mtime_ns == before


def test_order_of_rows_changes_neither_key_nor_manifest(tmp_path, store):
    given, other = read(tmp_path), read(tmp_path, [*ROWS[::-1], ROWS[0]])
    again = Store.open(str(tmp_path / "other store"))
    prepared(store, given)
    prepared(again, other)
    (key,) = store.keys("prepared")
    assert list(again.keys("prepared")) == [key]
    one, two = store.find("prepared", key), again.find("prepared", key)
    assert (one.body, one.files) == (two.body, two.files)


def test_held_out_conversations_are_not_tokenised(tmp_path, store):
    given = read(tmp_path, held_out=10)
    ids = Prepared.open(prepared(store, given)).ids
    assert len(ids) == 20
    assert not {*ids} & {*given.sources["math"].index.held_out}
    base = given.bases["tiny"].identity
    assert prepared_key(given.sources["math"], base) != prepared_key(read(tmp_path).sources["math"], base)


def test_tokens_are_those_of_the_template_in_use(tmp_path, store):
    models = {"own": {"base": "world/base"}, "other": {"base": "world/base", "template": "vicuna"}}
    given = read(tmp_path, models=models)
    tokenizer = AutoTokenizer.from_pretrained(BASES["world/base"])
    conversation = given.sources["math"].conversation(given.sources["math"].index.ids[3])
    for model in models:
        if given.bases[model].template is not None:
            tokenizer.chat_template = given.bases[model].template
        assert Prepared.open(prepared(store, given, model=model)).row(3) == encode(tokenizer, conversation)
    assert len(list(store.keys("prepared"))) == 2


def test_a_base_from_scratch_is_made_from_all_sources_and_once(tmp_path, store):
    given = read(tmp_path, models={"new": {"base": SCRATCH}})
    base = given.bases["new"]
    assert base_digest(store, base) is None
    prepare_sweep(given, store)
    folder = base_folder(store, base, given.sources)
    assert base_digest(store, base) is not None
    tokenizer = AutoTokenizer.from_pretrained(folder)
    conversation = next(iter(given.sources["math"].trained))
    assert Prepared.open(prepared(store, given, model="new")).row(0) == encode(tokenizer, conversation)
    again = Store.open(str(tmp_path / "other store"))
    prepare_sweep(read(tmp_path, ROWS[::-1], {"new": {"base": SCRATCH}}), again)
    assert base_digest(again, base) == base_digest(store, base)


def test_key_is_that_of_ids_tokenizer_and_template(tmp_path):
    given = read(tmp_path)
    base = given.bases["tiny"].identity
    same = read(tmp_path, [{"instruction": row["prompt"], "output": row["completion"]} for row in ROWS])
    assert digest_lines(same.sources["math"].index.ids) == digest_lines(given.sources["math"].index.ids)
    assert prepared_key(same.sources["math"], base) == prepared_key(given.sources["math"], base)
