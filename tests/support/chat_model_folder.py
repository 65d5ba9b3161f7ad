"""Small random chat models in Hugging Face folders, for the tests of engines."""

from pathlib import Path

import torch
from transformers import AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM

from raysft.data.tokens.tokenizer import train_tokenizer

# On models of this size threads only wait for each other: 20 times slower on a busy machine.
torch.set_num_threads(1)

TEXT = (
    "Tom has 3 apples and buys 4 more.",
    "def add(a, b): return a + b",
    "The answer is #### 7",
    "Write it in capital letters, please: café, naïve, 東京.",
)


def llama(
    vocabulary: int = 64,
    end: int = 1,
    eagerness: float = 2.5,
    seed: int = 0,
    context: int = 128,
    heads: int = 4,
    keys: int = 4,
    tied: bool = False,
    rope: dict[str, object] | None = None,
) -> LlamaForCausalLM:
    """A random LLaMA that ends its answers after very different numbers of tokens.

    Its end token has `eagerness` times the weights it would have, so it is often, not always, the likeliest.
    """
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=8 * heads,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=keys,
        max_position_embeddings=context,
        tie_word_embeddings=tied,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=0,
        **({"rope_parameters": rope} if rope else {}),
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim == 2:
                weights.normal_(0, 1.0 if "embed" in name else 0.3)
        if not tied:
            model.lm_head.weight[end] *= eagerness
    model.generation_config = GenerationConfig(eos_token_id=end, pad_token_id=0)
    return model


def write_folder(folder: Path, vocabulary: int = 300, **shape: object) -> Path:
    """A folder with tokenizer, configuration and weights; `shape` goes to `llama`."""
    train_tokenizer(iter(TEXT), vocabulary, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = llama(len(tokenizer), tokenizer.eos_token_id, **shape)
    model.save_pretrained(folder)
    return folder
