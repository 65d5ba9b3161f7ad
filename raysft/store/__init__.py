"""Where everything finished lives, addressed by fingerprint.

Reading order: `store` (what others call), `layout` (names), `artifacts`, `documents`, `resume`, `lease`, and
below them `transport` with its two forms, `local` and `objects`. Nothing in the store is ever unpickled.
"""

from raysft.store.artifacts import Published
from raysft.store.lease import Lease
from raysft.store.manifest import FileEntry
from raysft.store.resume import ResumeState
from raysft.store.store import Store

__all__ = ["FileEntry", "Lease", "Published", "ResumeState", "Store"]
