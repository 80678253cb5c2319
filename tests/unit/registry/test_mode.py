import pytest

from registry.domain.mode import Mode, Suppression, suppression


@pytest.mark.parametrize(
    ("mode", "provenance", "why_not"),
    [
        (Mode.LIVE, "live", None),
        (Mode.LIVE, "history", Suppression.PROVENANCE_HISTORY),
        (Mode.LIVE, "simulated", Suppression.PROVENANCE_SIMULATED),
        (Mode.DEMO, "live", Suppression.PROVENANCE_LIVE),
        (Mode.DEMO, "history", Suppression.PROVENANCE_HISTORY),
        (Mode.DEMO, "simulated", None),
        (Mode.SILENT, "live", Suppression.MODE_SILENT),
        (Mode.SILENT, "history", Suppression.MODE_SILENT),
        (Mode.SILENT, "simulated", Suppression.MODE_SILENT),
    ],
)
def test_a_registry_acts_on_nothing_but_its_own_kind_of_fact(mode, provenance, why_not):
    assert suppression(mode, provenance) is why_not
