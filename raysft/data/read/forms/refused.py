"""What a row may say that changes its meaning and that training cannot carry: such a row is a bad one."""

from collections.abc import Mapping

from raysft.data.read.forms.fields import Fields, Refused, is_empty, means_nothing

_TOOLS = ("tools", "functions", "tool_calls", "tool_call", "function_call", "function_calls", "tool_call_id")
_MEDIA = ("images", "image", "image_url", "audios", "audio", "input_audio", "videos", "video")
_DETAIL = ("train_detail", "training_detail")
"""Axolotl's marks of the characters that are learnt."""
_TEMPLATE = "chat_template_kwargs"
_UNCARRIED = frozenset({*_TOOLS, *_MEDIA, *_DETAIL, _TEMPLATE})
_UNWANTED = ("label", "kto_tag")
_PREFERENCE = (
    ("chosen", "rejected"),
    ("preferred_output", "non_preferred_output"),
    ("response_j", "response_k"),
    ("response_0", "response_1"),
    ("output_1", "output_2"),
    ("human_ref_A", "human_ref_B"),
)
_TREE = ("message_id", "parent_id", "message_tree_id", "replies")

_WHY_PREFERENCE = (
    "is a pair of answers of which one is preferred; fine-tuning learns from one answer: write the chosen "
    "one as the answer, and leave the other out"
)
_WHY_TREE = (
    "is one message or a tree of messages, not a conversation; write each path of the tree as one row "
    '{"messages": […]}'
)
_WHY_SEGMENTS = (
    "has segments that are learnt or not without roles (axolotl's input_output), for which no template is "
    'defined; write {"messages": […]} with "train": false, or {"prompt": …, "completion": …}'
)


def refuse_uncarried(fields: Fields, whose: str = "") -> None:
    """Refuse tools, pictures, sounds and the like, where they have a value.

    Args:
        fields: of a row or a message; the keys with no value count as used.
        whose: for messages: `the assistant turn`.

    Raises:
        Refused: something of the kind is there.
    """
    if fields.none_of(_UNCARRIED):
        return
    for keys, what in ((_TOOLS, "tools"), (_MEDIA, "pictures and sounds"), (_DETAIL, "parts of a turn")):
        for key in keys:
            if fields.has(key) and not means_nothing(fields.get(key)):
                raise Refused(f"{whose} has {key}: {what} cannot be trained on".strip())
    for name, one in _template_values(fields):
        # whether the model thinks is the template's to say; its tools and instructions are texts that vanish
        if not isinstance(one, bool) and not means_nothing(one):
            raise Refused(f"{whose} gives the template {ascii(name)[:40]}, which cannot be carried".strip())


def _template_values(fields: Fields) -> list[tuple[object, object]]:
    given = fields.leave(_TEMPLATE)
    return list(given.items()) if isinstance(given, Mapping) else []


def refuse_unwanted(fields: Fields) -> None:
    """Refuse an answer that its row marks as a bad one.

    Raises:
        Refused: the label is false.
    """
    for key in _UNWANTED:
        if isinstance(fields.leave(key), bool) and not fields.get(key):
            raise Refused(f"{key} is false: the answer is marked as one that is not wanted (KTO)")


def why_no_form(value: object) -> str | None:
    """Why a row of a known shape is read by no format; None for any other."""
    if not isinstance(value, Mapping):
        return None
    given = {key for key, one in value.items() if not is_empty(one)}
    if any(given >= {*pair} for pair in _PREFERENCE):
        return _WHY_PREFERENCE
    if "segments" in given:
        return _WHY_SEGMENTS
    if is_message(value) or (isinstance(value.get("prompt"), Mapping) and "replies" in value["prompt"]):
        return _WHY_TREE
    return None


def is_message(value: Mapping[str, object]) -> bool:
    """Whether a row is one message out of a conversation: a text with a role or a place in a tree."""
    lone = not is_empty(value.get("text")) or not is_empty(value.get("content"))
    return lone and any(not is_empty(value.get(key)) for key in ("role", *_TREE))
