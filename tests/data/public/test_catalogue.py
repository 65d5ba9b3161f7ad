import re
from urllib.parse import urlsplit

import pytest

from raysft.data.public.catalogue import PUBLIC_SETS, PublicSet, public_set
from raysft.data.public.https import checked_url
from raysft.errors import InputError


@pytest.mark.parametrize("one", PUBLIC_SETS.values(), ids=list(PUBLIC_SETS))
def test_every_row_of_the_table_can_be_fetched_and_says_what_its_checksum_is_worth(one: PublicSet) -> None:
    assert checked_url(one.url, "url", loopback=False) == one.url
    assert urlsplit(one.url).query == ""
    assert re.fullmatch(r"[A-Za-z0-9][\w.-]*\.(jsonl|json|jsonl\.gz|tar)", one.file)
    assert one.licence
    assert one.origin
    assert (one.sha256 is None) == (one.vouched is None)
    assert one.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", one.sha256)
    # whoever has seen a file, or its pointer in Git LFS, also knows its size
    assert one.size is not None or one.vouched not in ("seen", "authors")


def test_files_and_checksums_do_not_repeat() -> None:
    rows = list(PUBLIC_SETS.values())
    digests = [one.sha256 for one in rows if one.sha256]
    assert len({one.file for one in rows}) == len(rows)
    assert len(set(digests)) == len(digests)


def test_an_unknown_name_is_answered_with_those_spelt_alike() -> None:
    assert public_set("mbpp").file == "mbpp.jsonl"
    with pytest.raises(InputError, match="gsm8k_train"):
        public_set("gsm8k-train")
    with pytest.raises(InputError, match=r"humaneval.* or .*mbpp"):
        public_set("zzzzzz")
