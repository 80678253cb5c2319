"""The protocols that ship, by name, each with its made-up patients."""

from functools import cache
from importlib.resources import files

from streams.clinical.criteria.loading import load_protocol
from streams.pipeline.vignettes import parse_vignettes


FOLDER = files("streams.protocols")
PATIENTS = ".vignettes.yaml"
NAMES = sorted(
    entry.name.removesuffix(".yaml")
    for entry in FOLDER.iterdir()
    if entry.name.endswith(".yaml") and not entry.name.endswith(PATIENTS)
)
REAL = [name for name in NAMES if name != "ember_demo"]
"""Those that encode a registered trial."""


def text_of(name):
    """As it is written."""
    return FOLDER.joinpath(f"{name}.yaml").read_text("utf-8")


@cache
def protocol_of(name):
    """Loaded, as for use."""
    return load_protocol(text_of(name))


@cache
def patients_of(name):
    """Those written beside it."""
    return parse_vignettes(FOLDER.joinpath(f"{name}{PATIENTS}").read_text("utf-8"))
