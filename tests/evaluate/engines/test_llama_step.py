import pytest
import torch
from support.chat_model_folder import llama
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

from raysft.evaluate.engines.llama_step import LlamaStep
from raysft.evaluate.engines.row_cache import RowCache

LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}


@pytest.mark.parametrize("rope", [None, LLAMA3_ROPE], ids=["default", "llama3"])
@pytest.mark.parametrize(("keys", "tied"), [(4, True), (2, False), (1, False)])
@torch.inference_mode()
def test_logits_are_those_of_the_models_own_forward(
    keys: int, tied: bool, rope: dict[str, object] | None
) -> None:
    model = llama(keys=keys, tied=tied, rope=rope)
    tokens = torch.randint(0, 64, (5, 24), generator=torch.Generator().manual_seed(0))
    wanted = model(tokens).logits
    prompt = DynamicCache(config=model.config)
    model(tokens[:, :3], past_key_values=prompt, use_cache=True)
    cache, step = RowCache(2, rows=5, length=3), LlamaStep(model)
    cache.fill(0, prompt)
    for place in range(3, 24):
        width = cache.make_room()
        bias = torch.full((5, 1, width), torch.finfo(torch.float32).min)
        bias[:, :, : place + 1] = 0.0
        logits = step(tokens[:, place], torch.full((5,), place), bias, cache)
        torch.testing.assert_close(logits, wanted[:, place], rtol=1e-4, atol=1e-4)


def test_it_fits_a_small_llama_in_fp32_only() -> None:
    assert LlamaStep.fits(llama())
    assert not LlamaStep.fits(llama().to(torch.bfloat16))
    shape = {"hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 1, "num_attention_heads": 4}
    assert not LlamaStep.fits(LlamaForCausalLM(LlamaConfig(vocab_size=64, attention_bias=True, **shape)))
    assert not LlamaStep.fits(LlamaForCausalLM(LlamaConfig(vocab_size=64, mlp_bias=True, **shape)))
    assert not LlamaStep.fits(LlamaForCausalLM(LlamaConfig(vocab_size=64, hidden_act="gelu", **shape)))
    mistral = MistralConfig(vocab_size=64, num_key_value_heads=4, sliding_window=None, **shape)
    assert not LlamaStep.fits(MistralForCausalLM(mistral))
    with torch.device("meta"):
        assert not LlamaStep.fits(LlamaForCausalLM(LlamaConfig(vocab_size=2_000_000, **shape)))
