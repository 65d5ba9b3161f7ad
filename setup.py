"""Where the packages lie; all else is in pyproject.toml, which cannot say that a folder has another name.

The folder `analysis/` is installed as `raysft_analysis`: the environment of a researcher may well have an
`analysis` of its own.
"""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["raysft", "raysft.*"]),
        *(
            name.replace("analysis", "raysft_analysis", 1)
            for name in find_packages(include=["analysis", "analysis.*"])
        ),
    ],
    package_dir={"raysft_analysis": "analysis"},
)
