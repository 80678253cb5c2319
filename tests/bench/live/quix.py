"""quixstreams in an environment of its own: what only reading and decoding costs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from live.house import House
from live.rates import READ_AT_MOST, RULES, Figures

from streams.vocabulary.topics import EVENTS


ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / ".cache/bench/quixstreams"
SCRIPT = Path(__file__).with_name("quix_decode.py")
WANTED = ("quixstreams>=3.28,<4", "pydantic>=2.12,<3")


def decode_only(house: House) -> Figures | str:
    """The figures, or why there are none."""
    python = HOME / "bin/python"
    if (reason := _made(python)) is not None:
        return reason
    silent = house.broker.settings.partitions * len(RULES.protocols)
    wanted = min(sum(house.ends(EVENTS).values()) - silent, READ_AT_MOST) + silent
    ran = subprocess.run(
        [python, SCRIPT, house.broker.servers, EVENTS, str(wanted)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=house.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    if ran.returncode != 0:
        return f"it failed: {ran.stderr.strip().splitlines()[-1:]}"
    found: Figures = json.loads(ran.stdout.strip().splitlines()[-1])
    return found


def _made(python: Path) -> str | None:
    """Make the environment where there is none; why not, where that fails."""
    if (HOME / "made").exists():
        return None
    HOME.parent.mkdir(parents=True, exist_ok=True)
    install = [python, "-m", "pip", "install", "--quiet", *WANTED]
    try:
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True, timeout=120)
        subprocess.run(install, check=True, timeout=240, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return "pip did not end within 240 s"
    except subprocess.CalledProcessError as fault:
        said = (fault.stderr or "").strip().splitlines()
        return f"pip could not install it: {said[-1] if said else fault}"
    (HOME / "made").touch()
    return None
