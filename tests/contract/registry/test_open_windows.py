"""What the views say of the time in which a window was open, answers counted in."""

from datetime import timedelta


HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def closed(bedside, patient="p1", revision=1):
    """The deadline passed: the last revision is ineligible, whatever was before."""
    return bedside.verdict(
        patient,
        revision,
        status="ineligible",
        window_open=False,
        known_at=bedside.noon + timedelta(hours=7),
    )


def shown(registry):
    with registry.reading() as views:
        (screening,) = views.screenings()
        (history, *_) = views.screening_history("A", "p1")
        (domain,) = views.flow()
    assert history.status_with_answers == screening.status_with_answers
    said = (
        screening.status,
        screening.status_while_open,
        screening.status_with_answers,
    )
    return said, domain


def test_answers_make_eligible_what_the_record_alone_never_is(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.answer("equipoise", "TRUE")
    assert shown(registry)[0] == ("needs_human", "needs_human", "needs_human")

    bedside.answer("dying", "FALSE")
    bedside.hear(closed(bedside))

    said, domain = shown(registry)
    assert said == ("ineligible", "needs_human", "eligible")
    assert (domain.eligible, domain.ever_eligible, domain.ever_needs_human) == (0, 1, 1)


def test_an_answer_that_speaks_against_makes_nobody_eligible(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.answer("equipoise", "FALSE")
    bedside.answer("dying", "FALSE")

    said, domain = shown(registry)
    assert said == ("needs_human", "needs_human", "ineligible")
    assert (domain.ever_eligible, domain.ever_needs_human) == (0, 1)


def test_an_answer_signed_after_the_verdict_was_overtaken_does_not_reach_back(
    bedside, registry
):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    lacking = bedside.needs_human(revision=1)
    bedside.hear(
        bedside.verdict(revision=1, status="needs_data", criteria=lacking.criteria)
    )
    bedside.answer("equipoise", "TRUE")
    bedside.answer("dying", "FALSE")

    said, domain = shown(registry)
    assert said == ("needs_data", "needs_data", "needs_data")
    assert (domain.ever_eligible, domain.ever_needs_data) == (0, 1)


def test_answers_for_another_protocol_do_not_count(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.needs_human())
    bedside.answer("equipoise", "TRUE")
    bedside.answer("dying", "FALSE")
    bedside.hear(
        bedside.needs_human(
            revision=1,
            protocol_hash="hash-2",
            known_at=bedside.noon + timedelta(hours=2),
        )
    )

    said, domain = shown(registry)
    assert said == ("needs_human", "needs_human", "needs_human")
    assert domain.ever_eligible == 1


def test_a_window_that_was_never_open_has_no_verdict_of_that_time(bedside, registry):
    bedside.open_trial()
    bedside.hear(closed(bedside, revision=0))

    said, domain = shown(registry)
    assert said == ("ineligible", None, None)
    assert domain.ever_eligible == domain.ever_needs_human == 0


def test_a_screening_counts_once_however_often_it_was_eligible(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.needs_human(), bedside.needs_human(revision=1))
    bedside.answer("equipoise", "TRUE")
    bedside.answer("dying", "FALSE")
    after = bedside.noon + timedelta(hours=2)
    bedside.hear(bedside.verdict(revision=2, known_at=after))
    bedside.hear(bedside.verdict("p2"))

    with registry.reading() as views:
        (domain,) = views.flow()
    assert domain.ever_eligible == 2


ASKED = {"by": "investigator", "holds_for": "2 h"}
SEX = {"kind": "sex", "is": "male"}
HOURS_2 = {
    "inclusion": [{"id": "equipoise", "text": "Either.", "rule": SEX, "ask": ASKED}],
    "exclusion": [{"id": "dying", "text": "Dying.", "rule": SEX, "ask": ASKED}],
}


def answered(bedside, at):
    for criterion, truth in (("equipoise", "TRUE"), ("dying", "FALSE")):
        bedside.answer(criterion, truth, at=at, answered_as="investigator")


def with_answers(registry, at=None):
    with registry.reading() as views:
        (screening,) = views.screenings(at=at)
        (domain,) = views.flow()
    return screening.status_with_answers, domain.ever_eligible


def test_an_answer_that_lapsed_is_not_shown_as_if_it_held(bedside, registry):
    bedside.declare(domains=[HOURS_2])
    bedside.hear(bedside.needs_human())
    answered(bedside, bedside.noon + HOUR)

    last = bedside.noon + 3 * HOUR
    assert with_answers(registry, last) == ("eligible", 1)
    assert with_answers(registry, last + SECOND) == ("needs_human", 1)
    assert with_answers(registry) == ("needs_human", 1)


def test_of_who_was_randomised_the_answers_of_that_moment_count(bedside, registry):
    bedside.declare(domains=[HOURS_2])
    bedside.hear(bedside.needs_human())
    bedside.consent()
    answered(bedside, bedside.noon + HOUR)
    bedside.randomise(at=bedside.noon + 2 * HOUR)

    assert with_answers(registry, bedside.noon + 5 * HOUR) == ("eligible", 1)


def test_two_answers_that_never_held_together_made_nobody_eligible(bedside, registry):
    bedside.declare(domains=[HOURS_2])
    bedside.hear(bedside.needs_human())
    bedside.answer("equipoise", "TRUE", at=bedside.noon, answered_as="investigator")
    late = bedside.noon + 2 * HOUR + SECOND
    bedside.answer("dying", "FALSE", at=late, answered_as="investigator")

    assert with_answers(registry, late) == ("needs_human", 0)
