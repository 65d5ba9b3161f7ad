r"""Units behind a number: which ones are known, so that `5\text{ cm}` is no `5\text{ m}`.

An answer without a unit agrees with every unit, since references and answers leave it out at will; so does a
word that is not in the table (`12 people`, `12 persons`). Two known ones must be the same.
"""

import re

_NAMES = {
    "cm": "cm|centimeter|centimeters|centimetre|centimetres",
    "mm": "mm|millimeter|millimeters",
    "m": "m|meter|meters|metre|metres",
    "km": "km|kilometer|kilometers",
    "in": "in|inch|inches",
    "ft": "ft|foot|feet",
    "yd": "yd|yard|yards",
    "mile": "mi|mile|miles",
    "mph": "mph|miles per hour",
    "km/h": "kph|km/h|kilometers per hour",
    "s": "s|sec|second|seconds",
    "min": "min|minute|minutes",
    "h": "h|hr|hrs|hour|hours",
    "day": "day|days",
    "week": "week|weeks",
    "month": "month|months",
    "year": "year|years",
    "g": "g|gram|grams",
    "kg": "kg|kilogram|kilograms",
    "lb": "lb|lbs|pound|pounds",
    "oz": "oz|ounce|ounces",
    "l": "l|liter|liters|litre|litres",
    "ml": "ml|milliliter|milliliters",
    "gal": "gal|gallon|gallons",
    "dollar": "dollar|dollars",
    "cent": "cent|cents",
    "percent": "percent",
    "degree": "degree|degrees",
    "am": "am",
    "pm": "pm",
}
_KNOWN = {word: unit for unit, words in _NAMES.items() for word in words.split("|")}
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_SPELLED_OUT = (
    "square|sq|cubic|cu|percent|per|units?|inch(?:es)?|in|feet|foot|ft|yards?|miles?|mph|mm|cm|km|"
    "centimeters?|kilometers?|meters?|degrees?|dollars?|cents?|seconds?|minutes?|hours?|days?|weeks?|"
    "months?|years?|grams?|kg|kilograms?|pounds?|ounces?|liters?|gallons?"
)
UNITS_LAST = re.compile(rf"(?<=[0-9}})])(?:{_SPELLED_OUT})++(?:\^\{{[0-9]\}})?$")
"""Behind a number without spaces; no single letters, which may be variables. Possessive: a row of words that
can be split in several ways is not tried in all of them."""
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textrm|textbf|textit) *\{([^{}]*)\}")
_LAST = re.compile(r"[0-9}) ] *([A-Za-z][A-Za-z./ ]{0,40})(?:\^ ?\{? ?([23]) ?\}?)?[ .$]*$")


def unit_of(answer: str) -> str | None:
    r"""The known unit that an answer ends with, such as `cm^2`; `dollar` too for `\$5`, `percent` for `5\%`.

    Args:
        answer: at most a few hundred characters of LaTeX, as a model wrote it.
    """
    text = _TEXT.sub(r" \1 ", answer).replace("\\,", " ").replace("\\ ", " ").replace("~", " ").strip()
    if text.endswith("%"):
        return "percent"
    found = _LAST.search(text)
    words = found[1].lower().replace(".", "").split() if found else []
    power = (
        next((_POWERS[word] for word in words if word in _POWERS), 0) or int(found[2] or 1) if found else 1
    )
    name = " ".join(word for word in words if word not in _POWERS)
    unit = _KNOWN.get(name)
    if unit is None:
        return "dollar" if "\\$" in text else None
    return unit if power == 1 else f"{unit}^{power}"
