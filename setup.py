"""Where the packages lie; all else is in pyproject.toml, which cannot say that a folder has another name.

The folder `analysis/` is installed as `raysft_analysis`: the environment of a researcher may well have an
`analysis` of its own. The sweep files of `sweeps/` are installed as `raysft/sweeps`, for `raysft quickstart`.
"""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["raysft", "raysft.*"]),
        "raysft.sweeps",
        *(
            name.replace("analysis", "raysft_analysis", 1)
            for name in find_packages(include=["analysis", "analysis.*"])
        ),
    ],
    package_dir={"raysft_analysis": "analysis", "raysft.sweeps": "sweeps"},
)
