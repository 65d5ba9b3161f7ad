import pickle

import pytest

from raysft.data.conversation import dialogue
from raysft.data.prepared import FILE, ROWS_PER_BATCH, Prepared, prepared_fingerprint
from raysft.data.tokenise import prepare
from raysft.errors import DamagedArtifact


@pytest.fixture
def folder(tokenizer_folder, tmp_path):
    prepare(
        ((f"id-{k:05d}", dialogue("Go.", "x" * (k % 7 + 1))) for k in range(ROWS_PER_BATCH + 3)),
        tokenizer_folder,
        tmp_path,
    )
    return tmp_path


def test_counts_agree_with_the_rows(folder):
    prepared = Prepared.open(folder)
    rows = [prepared.row(position) for position in range(len(prepared))]
    assert len(rows) == ROWS_PER_BATCH + 3
    assert prepared.lengths.tolist() == [len(row.tokens) for row in rows]
    assert prepared.supervised_counts.tolist() == [sum(row.supervised) for row in rows]
    assert len(set(prepared.lengths.tolist())) > 1


def test_position_finds_every_id_and_no_other(folder):
    prepared = Prepared.open(folder)
    assert [prepared.position(one) for one in prepared.ids] == list(range(len(prepared)))
    assert prepared.position("id-01025") == 1025
    with pytest.raises(KeyError):
        prepared.position("id-99999")


def test_rows_hold_plain_values(folder):
    row = Prepared.open(folder).row(ROWS_PER_BATCH)
    assert {type(one) for one in row.tokens} == {int}
    assert {type(one) for one in row.supervised} == {bool}
    assert pickle.loads(pickle.dumps(row)) == row


def test_source_without_conversations_is_empty_and_no_error(tokenizer_folder, tmp_path):
    facts = prepare([], tokenizer_folder, tmp_path)
    prepared = Prepared.open(tmp_path)
    assert (
        facts.conversations == len(prepared) == len(prepared.lengths) == len(prepared.supervised_counts) == 0
    )


@pytest.mark.parametrize("data", [b"", b"no arrow file", None])
def test_damaged_file_is_named(folder, data):
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[: len(whole) // 2] if data is None else data)
    with pytest.raises(DamagedArtifact, match=FILE):
        Prepared.open(folder)


def test_fingerprint_depends_on_each_part():
    parts = ("ids", "tokenizer", "template")
    changed = [tuple("x" if at == place else one for at, one in enumerate(parts)) for place in range(3)]
    assert len({prepared_fingerprint(*each) for each in [parts, *changed]}) == 4
    assert prepared_fingerprint(*parts) == prepared_fingerprint(*parts)
