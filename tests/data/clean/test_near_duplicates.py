import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.data.clean.copies import Copies
from raysft.data.clean.minhash import bands_for, sign
from raysft.data.clean.near_duplicates import near_duplicates
from raysft.data.clean.words import written_words
from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.spool import Located, spool
from raysft.spec.source import NearDuplicates

DEFAULT = NearDuplicates()
VOCABULARY = [f"word{k}" for k in range(400)]


def chat(words):
    half = len(words) // 2
    return dialogue(" ".join(words[:half]), " ".join(words[half:]))


def changed(words, rng, edits):
    """The same words and one more, some of them replaced by others."""
    found = [*words, f"other{rng.randrange(10**6)}"]
    for place in rng.sample(range(len(found)), edits):
        found[place] = f"other{rng.randrange(10**6)}"
    return found


def texts(rng, count):
    """Random conversations, to some of which others are more or less like."""
    found = []
    for _ in range(count):
        words = rng.choices(VOCABULARY, k=rng.randint(40, 200))
        found.append(words)
        for _ in range(rng.choice([0, 0, 2, 3])):
            found.append(changed(words, rng, rng.choice([0, 0, 1, 2, 4, 8, 15])))
    return [chat(words) for words in found]


def shingles(conversation, length=5):
    words = written_words(" ".join(one.content for one in conversation.messages))
    return {tuple(words[k : k + length]) for k in range(max(1, len(words) - length + 1))}


def jaccard(one, other):
    return len(one & other) / len(one | other)


def survivors(conversations, spec=DEFAULT, processes=1):
    read = spool(Located(one, "", 0) for one in conversations)
    copies = Copies.of(read)
    removed = near_duplicates(read.file, read.spans(copies.first), spec, processes)
    return [one for one, gone in zip(copies.ids, removed.tolist(), strict=True) if not gone]


def components(names, linked):
    """Groups of names linked by near equality, by brute force."""
    groups = {one: {one} for one in names}
    for one, other in linked:
        if groups[one] is not groups[other]:
            groups[one] |= groups[other]
            groups.update((member, groups[one]) for member in list(groups[one]))
    return {frozenset(group) for group in groups.values()}


def test_estimate_is_the_jaccard_similarity():
    conversations = texts(random.Random(1), 60)
    signatures = sign(conversations, 5, 1024)
    sets = [shingles(one) for one in conversations]
    errors = []
    for one, other in combinations(range(len(conversations)), 2):
        true = jaccard(sets[one], sets[other])
        estimate = float((signatures[one] == signatures[other]).mean())
        assert abs(estimate - true) <= 5 * np.sqrt(true * (1 - true) / 1024) + 1e-9
        if true > 0:
            errors.append(estimate - true)
    assert abs(np.mean(errors)) < 0.005  # unbiased


@pytest.mark.parametrize("similarity", [0.5, 0.8, 0.95])
def test_groups_are_those_of_brute_force(similarity):
    """Where no true similarity lies near the asked one, nothing is missed and nothing is removed too much."""
    spec = NearDuplicates(similarity=similarity, permutations=1024)
    margin = 4 * np.sqrt(similarity * (1 - similarity) / spec.permutations)
    conversations = {one.id: one for one in texts(random.Random(7), 180)}
    sets = {name: shingles(one) for name, one in conversations.items()}
    pairs = {pair: jaccard(sets[pair[0]], sets[pair[1]]) for pair in combinations(sorted(sets), 2)}
    unsure = {name for pair, like in pairs.items() if abs(like - similarity) <= margin for name in pair}
    names = sorted(sets.keys() - unsure)
    linked = [pair for pair, like in pairs.items() if like > similarity and not unsure & {*pair}]
    expected = sorted(min(group) for group in components(names, linked))
    assert len(linked) > 20
    assert len(names) > 200
    assert survivors([conversations[name] for name in names], spec) == expected


@settings(deadline=None, max_examples=15)
@given(st.randoms(use_true_random=False))
def test_order_of_the_file_changes_nothing(rng):
    conversations = texts(random.Random(3), 40)
    expected = survivors(conversations)
    assert len(expected) < len(conversations)
    assert survivors(rng.sample(conversations, len(conversations))) == expected


def test_number_of_processes_changes_nothing():
    conversations = texts(random.Random(4), 1500)
    assert len(conversations) > 2048  # several chunks
    assert survivors(conversations, processes=2) == survivors(conversations, processes=1)


def test_smallest_id_of_a_chain_stays_though_its_ends_are_not_alike():
    rng = random.Random(5)
    chain = [rng.choices(VOCABULARY, k=100)]
    for _ in range(12):
        chain.append(changed(chain[-1], rng, 1)[:100])
    conversations = [chat(words) for words in chain]
    assert jaccard(shingles(conversations[0]), shingles(conversations[-1])) < 0.6
    assert survivors(conversations) == [min(one.id for one in conversations)]


def test_similarity_one_takes_what_differs_only_in_case_and_space():
    conversations = [
        dialogue("What is it?", "a  b"),
        dialogue("what is", "IT?\na b"),
        dialogue("What is it", "a b"),
    ]
    assert survivors(conversations, NearDuplicates(similarity=1)) == sorted(
        [min(conversations[0].id, conversations[1].id), conversations[2].id]
    )


def test_conversations_shorter_than_a_shingle_are_compared_as_a_whole():
    conversations = [
        dialogue("one", "two"),
        dialogue("One", "Two"),
        dialogue("one", "three"),
        dialogue("two", "one"),
    ]
    left = survivors(conversations)
    assert len(left) == 3
    assert {conversations[2].id, conversations[3].id} <= set(left)


def test_a_thousand_equal_ones_leave_one():
    words = random.Random(6).choices(VOCABULARY, k=60)
    spaced = [Conversation((Message("text", " " * k + " ".join(words)),)) for k in range(1, 1500)]
    assert survivors(spaced) == [min(one.id for one in spaced)]


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_to_compare(rows):
    assert len(survivors([dialogue("a", "b")][:rows])) == rows


@pytest.mark.parametrize("similarity", [0.05, 0.3, 0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("permutations", [16, 128, 1024])
def test_bands_find_a_pair_with_the_asked_similarity(similarity, permutations):
    bands = bands_for(similarity, permutations)
    assert bands.count * bands.width <= permutations
    found = 1 - (1 - similarity**bands.width) ** bands.count
    assert found >= 0.99 or bands.width == 1
    assert (bands_for(0.8, 128).count, bands_for(0.8, 128).width) == (21, 6)
