"""One decoding step of a small LLaMA, with fewer and larger operations than transformers' `forward`.

The same arithmetic but for the order of sums: queries, keys and values by one product, gate and up by one,
attention as two batched products. With 0.5 M parameters on one CPU thread, decoding takes about two thirds of
the time. It holds a second copy of most weights, so it is for small models; large ones gain little from it.

Shapes: B rows, H query heads, K key/value heads, D width of a head, W columns of the cache, C width of the
residual stream, V vocabulary.
"""

from dataclasses import dataclass

import torch
from torch.nn.functional import linear, rms_norm, silu
from transformers import LlamaForCausalLM, PreTrainedModel

from raysft.evaluate.engines.row_cache import RowCache

LARGEST = 50_000_000
"""Parameters up to which the copy of the weights is worth it."""


@dataclass(frozen=True)
class _Layer:
    attention_norm: torch.Tensor
    query_key_value: torch.Tensor
    attention_out: torch.Tensor
    mlp_norm: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor


class LlamaStep:
    """Copies of a model's weights as they are at the moment; make a new one when they change."""

    @torch.no_grad()
    def __init__(self, model: LlamaForCausalLM) -> None:
        self._model, self._config = model, model.config
        self._layers = [_joined(layer) for layer in model.model.layers]

    @staticmethod
    def fits(model: PreTrainedModel) -> bool:
        """Whether this step covers the model: a LLaMA in fp32, small, without biases."""
        config = model.config
        return (
            type(model) is LlamaForCausalLM
            and model.dtype == torch.float32
            and config.hidden_act == "silu"
            and not (config.attention_bias or config.mlp_bias)
            and sum(one.numel() for one in model.parameters()) <= LARGEST
        )

    def __call__(
        self, tokens: torch.Tensor, positions: torch.Tensor, bias: torch.Tensor, cache: RowCache
    ) -> torch.Tensor:
        """Logits (B, V) after one more token in each row; see `raysft.evaluate.engines.decoding.Step`."""
        config, model = self._config, self._model.model
        hidden_BC = model.embed_tokens(tokens)
        turn = _Turn.at(model, hidden_BC, positions, config.num_attention_heads)
        size, eps = (config.hidden_size,), config.rms_norm_eps
        for index, layer in enumerate(self._layers):
            normed_BC = rms_norm(hidden_BC, size, layer.attention_norm, eps)
            seen = _attention(linear(normed_BC, layer.query_key_value), turn, bias, cache, index)
            hidden_BC = torch.addmm(hidden_BC, seen, layer.attention_out.t())
            normed_BC = rms_norm(hidden_BC, size, layer.mlp_norm, eps)
            gate, up = linear(normed_BC, layer.gate_up).chunk(2, -1)
            hidden_BC = torch.addmm(hidden_BC, silu(gate).mul_(up), layer.down.t())
        logits: torch.Tensor = self._model.lm_head(rms_norm(hidden_BC, size, model.norm.weight, eps))
        return logits


@dataclass(frozen=True)
class _Turn:
    """Rotary position embedding of one position in each row, and the shape of the heads."""

    heads: int
    cos_B1D: torch.Tensor
    sin_B1D: torch.Tensor
    """The first half negated: it meets the second half of a head."""

    @classmethod
    def at(cls, model: torch.nn.Module, hidden: torch.Tensor, positions: torch.Tensor, heads: int) -> "_Turn":
        cos_B1D, sin_B1D = model.rotary_emb(hidden, positions[:, None])
        sin_B1D = sin_B1D.clone()
        sin_B1D[..., : sin_B1D.shape[-1] // 2].neg_()
        return cls(heads, cos_B1D, sin_B1D)

    def __call__(self, heads: torch.Tensor) -> torch.Tensor:
        """Turn queries or keys (B, any number of heads, D)."""
        half = heads.shape[-1] // 2
        turned = heads * self.cos_B1D
        turned[..., :half].addcmul_(heads[..., half:], self.sin_B1D[..., :half])
        turned[..., half:].addcmul_(heads[..., :half], self.sin_B1D[..., half:])
        return turned


def _attention(
    projected: torch.Tensor, turn: _Turn, bias: torch.Tensor, cache: RowCache, index: int
) -> torch.Tensor:
    """What each row sees of its past (B, H × D), from its projection (B, (H + 2K) × D)."""
    rows, width = projected.shape[0], turn.cos_B1D.shape[-1]
    heads_BHD = projected.view(rows, -1, width)
    # Queries, keys and values in one product: 32 + 8 + 8 heads, so (48 − 32) / 2 = 8 of keys.
    keys = (heads_BHD.shape[1] - turn.heads) // 2
    turned_BHD = turn(heads_BHD[:, :-keys])
    key_BKWD, value_BKWD = cache.update(turned_BHD[:, turn.heads :, None], heads_BHD[:, -keys:, None], index)
    query = turned_BHD[:, : turn.heads].reshape(rows * keys, -1, width)
    weights = torch.bmm(query, key_BKWD.flatten(0, 1).transpose(1, 2))
    weights_BHW = weights.view(rows, turn.heads, -1).mul_(width**-0.5).add_(bias).softmax(-1)
    return torch.bmm(weights_BHW.view(weights.shape), value_BKWD.flatten(0, 1)).view(rows, -1)


def _joined(layer: torch.nn.Module) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    return _Layer(
        layer.input_layernorm.weight,
        torch.cat([attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight]),
        attention.o_proj.weight,
        layer.post_attention_layernorm.weight,
        torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]),
        mlp.down_proj.weight,
    )
