"""Where the paths of a sweep file lead, and where it has a source."""

from pathlib import Path

from raysft.identity import SourceKey


def opened_path(data_dir: str, path: str) -> str:
    """A path of data as it can be opened: relative ones start from `data_dir`, URLs stay.

    Args:
        data_dir: a folder or a URL of one.
        path: a local path, or a URL.
    """
    if "://" in path or path.startswith("/"):
        return path
    if "://" in data_dir:
        return f"{data_dir.rstrip('/')}/{path}"
    return str(Path(data_dir) / path)


def source_field(key: SourceKey) -> str:
    """The field of a sweep file that has the source with this key: `abilities.math.source` for `math`."""
    ability, _, variant = key.partition("/")
    return f"abilities.{ability}.variants.{variant}" if variant else f"abilities.{ability}.source"
