"""What Ray itself says about a cluster file, without credentials and without a network.

Ray has no dry run of `ray up`; this is the check that `ray up` begins with. The two functions are private
to Ray, which is why they are called here and nowhere else.
"""

import copy
from typing import Any

from raysft.errors import Problem


def ray_problems(config: dict[str, Any]) -> list[Problem]:
    """Hold a cluster file against Ray's schema; at most one problem, since Ray stops at the first.

    Found are: unknown keys, missing parts, amounts that are not whole numbers, a head type that is not
    defined, more nodes at the least than at the most over all groups. Not found are: instance types that do
    not exist, `node_config` as a whole, and what `raysft.cluster.files` looks at.

    Args:
        config: the file as read from YAML; left as it is.
    """
    # Importing Ray takes most of a second, and only this check needs it.
    import jsonschema
    from ray.autoscaler._private.util import prepare_config, validate_config

    try:
        validate_config(prepare_config(copy.deepcopy(config)))
    except jsonschema.ValidationError as error:
        field = ".".join(str(part) for part in error.absolute_path) or "cluster file"
        return [Problem(field, _short(error.instance), error.message)]
    except (ValueError, RuntimeError, KeyError, AssertionError) as error:
        return [Problem("cluster file", type(error).__name__, f"Ray refuses it: {error}")]
    return []


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
