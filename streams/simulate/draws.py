"""Random draws of one patient: seeded, apart from every other patient's.

A generator is spawned for each (seed, patient, purpose): what is drawn for one
purpose never shifts what is drawn for another, and the global generators of `random`
and `numpy.random` are never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray


Floats = NDArray[np.float64]
T = TypeVar("T")

_POOL = 512


def generator(seed: int, *path: int) -> np.random.Generator:
    """The generator of this seed and place, the same wherever it is made."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=path))
    )


class Luck:
    """Single draws at the price of a list's pop: numpy's own cost 30 times more."""

    __slots__ = ("_gauss", "_uniform", "rng")

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._uniform: list[float] = []
        self._gauss: list[float] = []

    def uniform(self) -> float:
        """Between 0 and 1."""
        if not self._uniform:
            self._uniform = self.rng.random(_POOL).tolist()
        return self._uniform.pop()

    def gauss(self) -> float:
        """Of the standard normal distribution."""
        if not self._gauss:
            self._gauss = self.rng.standard_normal(_POOL).tolist()
        return self._gauss.pop()

    def between(self, low: float, high: float) -> float:
        """Evenly between two bounds."""
        return low + (high - low) * self.uniform()

    def happens(self, share: float) -> bool:
        """Whether what befalls this share of people befalls this one."""
        return self.uniform() < share

    def gamma(self, shape: float, mean: float) -> float:
        """Of the gamma distribution of that shape and mean."""
        return float(self.rng.gamma(shape, mean / shape))

    def one_of(self, things: Sequence[T]) -> T:
        """Any of these, each as likely."""
        return things[int(self.uniform() * len(things))]

    def weighted(self, things: Sequence[tuple[T, float]]) -> T:
        """One of these, by weight."""
        left = self.uniform() * sum(weight for _, weight in things)
        for thing, weight in things:
            left -= weight
            if left < 0:
                return thing
        return things[-1][0]
