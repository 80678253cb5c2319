"""Freeze the message schemas of a new version, with examples; never an old one anew.

Version 1.0 is frozen with the first release; until then it may be made anew.
Run `python tests/contract/schemas/freeze.py 1.1` when `schema_version` becomes 1.1.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from examples import example, variants

from registry.app.published import MESSAGES, published_schemas


HERE = Path(__file__).resolve().parent


def main(version: str) -> None:
    folder = HERE / version
    folder.mkdir()
    for topic in MESSAGES:
        schema = published_schemas()[topic]
        written(folder / f"{topic}.schema.json", schema)
        for name, variant in variants(schema):
            for size, full in (("minimal", False), ("full", True)):
                made = example(variant, full=full)
                written(folder / f"{topic}.{name}.{size}.json", made)


def written(path, content):
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
