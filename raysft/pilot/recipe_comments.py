"""Why a first sweep file trains as it does: comments on its model, recipe and machines."""

from fractions import Fraction

from raysft.composition.exact import count_of
from raysft.pilot.draft import Chosen


def training_notes(chosen: Chosen) -> dict[str, str]:
    """A comment for every value of models, recipe, evaluation, run and cost, by its dotted path."""
    return {**_model(chosen), **_recipe(chosen), **_machines(chosen)}


def _model(chosen: Chosen) -> dict[str, str]:
    found, placement = chosen.model, chosen.placement
    at, chip = f"models.{found.name}", placement.accelerator
    workers, gpus = f"one process, about {placement.memory_gib:.1f} GiB", "trains on the CPU"
    if chosen.on_gpus:
        needs = f"{placement.memory_gib:.1f} GiB on each of {chip.memory_gib:g}"
        workers = f"the fewest on which it fits, with {needs}; more change the time, not the result"
        gpus = f"one {chip.name} for each worker"
    return {
        "models": "what is trained",
        at: f"{found.shape.parameters:,} parameters, sizes {found.source}",
        f"{at}.base": "where every point starts",
        f"{at}.template": found.why_template,
        f"{at}.shape": f"{found.source}, to plan before the model is here",
        f"{at}.workers": workers,
        f"{at}.gpus_per_worker": gpus,
        f"{at}.micro_batch_tokens": "tokens that a worker holds at once; changes speed and memory, no result",
    }


def _recipe(chosen: Chosen) -> dict[str, str]:
    recipe, usual = chosen.recipe, max(one.usual_tokens for one in chosen.files.values())
    capped = f", but no more than the model's {chosen.model.context:,}" if usual > recipe.max_length else ""
    on = chosen.placement.accelerator.name
    return {
        "recipe": "how every stage is trained",
        "recipe.epochs": "passes over the data of a stage; three are usual for fine-tuning",
        "recipe.batch_size": _batch_size(chosen),
        "recipe.learning_rate": _rate(chosen.model.shape.parameters),
        "recipe.schedule": "falls to 0 along a cosine within each stage",
        "recipe.warmup": "share of the steps over which the rate rises",
        "recipe.max_length": f"95% of each file have at most {usual:,} tokens; the next power of two{capped}",
        "recipe.overflow": "longer ones are split, at turns or anywhere in documents; single answers are cut",
        "recipe.precision": (
            "number format of the passes; the optimiser keeps fp32"
            if recipe.precision == "bf16"
            else f"bf16 is not faster on {on}"
        ),
    }


def _rate(parameters: int) -> str:
    size = f"{parameters / 1e9:.1f} billion" if parameters >= 1e8 else f"{parameters / 1e6:.1f} million"
    return f"peak; usual for {size} parameters, and worth a study of its own"


def _batch_size(chosen: Chosen) -> str:
    data = chosen.data
    smallest = min(data.rows, key=lambda ability: data.rows[ability])
    shares = (Fraction(1, 16), Fraction(1, 4), Fraction(1))
    share = next(one for one in shares if data.enough(one) or one == 1)
    count = count_of(share, data.rows[smallest])
    part = "all" if share == 1 else f"{share}"
    steps = chosen.recipe.steps_for(count)
    return f"conversations per step; {part} of {smallest}, {count:,} conversations, still takes {steps} steps"


def _gpus(chosen: Chosen) -> str:
    workers = chosen.placement.workers
    return "one GPU" if workers == 1 else f"{workers} GPUs"


def _machines(chosen: Chosen) -> dict[str, str]:
    chip = chosen.placement.accelerator
    return {
        "evaluation": "what every stage, and the base, is scored with",
        "evaluation.stages": "all stages, so that what a later one forgets is seen",
        "evaluation.gpus_per_engine": "one engine answers on one GPU",
        "evaluation.precision": "number format in which answers are made",
        "run": "how it is carried out; changes no result",
        "run.trials_at_once": f"points under way, each on {_gpus(chosen)}; raise it if you have more",
        "cost": "assumptions of the plan; they change no result",
        "cost.accelerator": (
            f"taken at {chip.mfu:.0%} of its peak and {chip.price_per_hour:g} USD an hour; set `mfu` and "
            "`price_per_hour` to yours"
        ),
    }
