"""What the team decides by a command reaches the patients that this registry judges."""

from integration.chain.messy.told import book
from integration.chain.messy.ward import SITE, Ward, messages_of, moment

from registry.app.roster import hear_of_decisions
from registry.usecases.record_opt_out import RecordOptOut, record_opt_out


NAME = "nothing-odd"


class Now:
    def now(self):
        return moment(2)


def test_a_decision_is_heard_once_and_judged_by(tmp_path):
    ward = Ward(f"sqlite:///{tmp_path}/r.sqlite")
    told = book()
    patient = next(p for p in told.patients if p.name == NAME)
    messages = messages_of(NAME, told.facts_of(patient))
    ward.runner.catch_up(sorted(messages, key=lambda m: m.known_at), moment(1))
    screened = ward.verdict(NAME, "lantern").criteria
    assert {c.criterion_id: c.truth for c in screened}["refused"] == "FALSE"
    no = RecordOptOut(
        site=SITE,
        patient=NAME,
        trial="",
        decided_at=moment(2),
        actor="nurse",
        at=moment(2),
    )
    with ward.registry.transaction() as uow:
        record_opt_out(no, uow)

    heard = [hear_of_decisions(ward.registry, ward.runner, Now()) for _ in range(2)]

    assert heard == [1, 0]
    judged = ward.verdict(NAME, "lantern").criteria
    assert {c.criterion_id: c.truth for c in judged}["refused"] == "TRUE"
    assert ward.broken_chains() == []
    ward.close()
