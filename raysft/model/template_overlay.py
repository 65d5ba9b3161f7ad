"""A Hugging Face folder with another chat template, and the same weights and tokens.

Needs neither torch nor transformers: a tokenizer's tables are files, and are handed on as they are.
"""

import json
import shutil
from pathlib import Path

TEMPLATE = "chat_template.jinja"
_CONFIG = "tokenizer_config.json"
_OLDER_PLACES = ("chat_template.json", "additional_chat_templates")
"""Where transformers also looks for templates, beside the key `chat_template` of the configuration."""


def dress(base: Path, template: str, target: Path) -> None:
    """Make a folder that differs from another only in its chat template.

    Every file is a symbolic link to the base's, or a copy where the file system has none, but for the
    template and the configuration of the tokenizer. Folders in the base are left out. The base must stay
    where it is. What is exported from the folder is copied, and has no links.

    Args:
        base: a Hugging Face folder; it may itself consist of links, as those of the Hub's cache do.
        template: Jinja text.
        target: made if it does not exist.
    """
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(base.iterdir()):
        if file.is_file() and file.name not in (TEMPLATE, _CONFIG, *_OLDER_PLACES):
            _link(file.resolve(), target / file.name)
    if (base / _CONFIG).is_file():
        shutil.copyfile(base / _CONFIG, target / _CONFIG)
    set_template(target, template)


def set_template(folder: Path, template: str) -> None:
    """Give the tokenizer in a folder of our own a chat template in place of any that it has."""
    for name in _OLDER_PLACES:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
    config = folder / _CONFIG
    if config.is_file():
        settings = json.loads(config.read_text(encoding="utf-8"))
        if settings.pop("chat_template", None) is not None:
            config.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / TEMPLATE).write_text(template, encoding="utf-8")


def _link(file: Path, link: Path) -> None:
    try:
        link.symlink_to(file)
    except OSError:
        # Not every mounted file system knows links; a full disk fails here again, and says so.
        link.unlink(missing_ok=True)
        shutil.copyfile(file, link)
