"""The built-in world: three small abilities in the real formats, made by a seeded generator.

Math in GSM8K's form, code in HumanEval's, general in two-turn chats that a rule can judge, and the base
text that a model reads first. No files, no network; the same bytes in any process. A LLaMA of 0.5 M
parameters learns from it in seconds on a CPU, so the whole engine can be seen at work. It is a toy: it shows
the tool, not how large models behave.
"""

from pathlib import Path

from raysft.data.world.base_text import pretraining_documents, tokenizer_texts
from raysft.data.world.item import ABILITIES, WorldItem, conversation
from raysft.data.world.reserve import RESERVE, leak_units, test_items, training_items
from raysft.spec.model import BUILT_IN_BASES

BASES = {
    name: Path(__file__).parent / name.removeprefix("world/").replace("-", "_") for name in BUILT_IN_BASES
}
"""Folders of the base models that are shipped, by name."""

__all__ = [
    "ABILITIES",
    "BASES",
    "RESERVE",
    "WorldItem",
    "conversation",
    "leak_units",
    "pretraining_documents",
    "test_items",
    "tokenizer_texts",
    "training_items",
]
