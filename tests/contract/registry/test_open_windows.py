"""What the views say of the time in which a window was open, answers counted in."""

from datetime import timedelta


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
