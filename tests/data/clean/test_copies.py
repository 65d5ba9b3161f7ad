from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.clean.copies import Copies
from raysft.data.conversation import dialogue
from raysft.data.spool import Located, spool

ROWS = st.lists(st.integers(0, 6), max_size=30)


def found(rows):
    return Copies.of(spool(Located(dialogue("a", str(row)), "", 0) for row in rows))


def ids(rows):
    return [dialogue("a", str(row)).id for row in rows]


@given(ROWS)
def test_every_row_is_a_copy_of_its_conversation(rows):
    copies = found(rows)
    counts = Counter(ids(rows))
    assert copies.ids == sorted(counts)
    assert copies.counts.tolist() == [counts[one] for one in copies.ids]
    assert sorted(copies.rows.tolist()) == list(range(len(rows)))
    content = ids(rows)
    assert [name.split(".")[0] for name in copies.row_ids] == [content[row] for row in copies.rows]
    assert len(set(copies.row_ids)) == len(rows)
    assert copies.first.tolist() == [content.index(one) for one in copies.ids]
    assert copies.single().rows.tolist() == copies.first.tolist()
    assert copies.single().row_ids == copies.ids


@given(ROWS, st.integers(0, 2**7 - 1))
def test_a_conversation_goes_with_all_its_rows(rows, chosen):
    copies = found(rows)
    gone = np.array([bool(chosen >> place & 1) for place in range(len(copies))], np.bool_)
    left = copies.without(gone)
    stay = {one for one, away in zip(copies.ids, gone.tolist(), strict=True) if not away}
    assert set(left.ids) == stay
    assert left.rows.tolist() == [row for row in copies.rows.tolist() if ids(rows)[row] in stay]
