"""One worker of a group over gloo, run as a program: FOLDER RANK SIZE OPTIONS, where OPTIONS is JSON."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed as dist

from raysft.train.group import ShardedGroup
from raysft.train.loop import train_stage
from support.stage_factory import make_job


class Stopped(Exception):
    pass


def main(folder: Path, rank: int, size: int, options: dict) -> None:
    stop, fingerprint = options.pop("stop", None), options.pop("fingerprint", "f" * 32)
    job = replace(make_job(folder, **options), fingerprint=fingerprint)

    def report(progress):
        if progress.step == stop:
            raise Stopped

    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting-{options['output']}", rank=rank, world_size=size
    )
    try:
        trained = train_stage(job, ShardedGroup(torch.device("cpu"), threads=1), report)
    except Stopped:
        return
    finally:
        dist.destroy_process_group()
    if rank == 0:
        found = {
            "losses": [one.loss for one in trained.losses],
            "digest": trained.weights_digest,
            "provenance": trained.provenance.model_dump(),
        }
        (folder / f"{options['output']}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
    # A thread of gloo may still be letting go of a tensor. It asks for the interpreter's lock, and in an
    # interpreter that shuts down that ends Python 3.11 by SIGABRT: leave without shutting down.
    os._exit(0)
