"""Whatever is done to a chain behind its back, its first wrong place is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.audit import (
    AuditAction,
    AuditEntry,
    Break,
    UnreadableRow,
    first_break,
    head_after,
    link,
    start,
)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = st.text(max_size=5)

entries = st.builds(
    AuditEntry,
    site=st.just("A"),
    trial=st.just("T"),
    action=st.sampled_from(AuditAction),
    actor=TEXT,
    at=st.integers(0, 10**6).map(lambda s: NOON + timedelta(seconds=s)),
    subject=TEXT,
    detail=st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.none()), max_size=3),
)


def chain(entries_):
    rows, head = [], start("A", "T")
    for entry in entries_:
        rows.append(link(entry, head))
        head = head_after(rows[-1])
    return rows, head


chains = st.lists(entries, min_size=1, max_size=8).map(chain)


def places(rows):
    return st.integers(0, len(rows) - 1)


@given(chains)
def test_an_untouched_chain_holds(lived):
    rows, head = lived
    assert first_break(rows, head=head) is None
    assert (
        first_break(rows, head=head, anchors=[head_after(row) for row in rows]) is None
    )


CHANGES = {
    "site": lambda _: "B",
    "trial": lambda _: "U",
    "sequence": lambda old: old + 1,
    "action": lambda old: old + "x",
    "actor": lambda old: old + "x",
    "at": lambda old: old + timedelta(microseconds=1),
    "subject": lambda old: old + "x",
    "detail": lambda old: old + " ",
    "previous_hash": lambda old: old[::-1] + "0",
    "row_hash": lambda old: old[::-1] + "0",
}


@given(chains, st.sampled_from(sorted(CHANGES)), st.data())
def test_a_changed_row_is_found_where_it_stands(lived, name, data):
    rows, head = lived
    at = data.draw(places(rows))
    changed = replace(rows[at], **{name: CHANGES[name](getattr(rows[at], name))})

    found = first_break([*rows[:at], changed, *rows[at + 1 :]], head=head)

    assert found is not None
    assert found.sequence == at + 1


@given(chains, st.data())
def test_a_changed_row_with_its_own_hash_mended_is_found(lived, data):
    rows, head = lived
    at = data.draw(places(rows))
    before = start("A", "T") if at == 0 else head_after(rows[at - 1])
    forged = link(
        AuditEntry(
            site="A",
            trial="T",
            action=AuditAction.MODE_SET,
            actor="forger" * 2,
            at=NOON,
            subject="",
            detail={},
        ),
        before,
    )

    assert first_break([*rows[:at], forged, *rows[at + 1 :]], head=head) is not None


@given(chains, st.data())
def test_a_removed_row_is_found(lived, data):
    rows, head = lived
    at = data.draw(places(rows))
    found = first_break([*rows[:at], *rows[at + 1 :]], head=head)
    assert found is not None
    assert found.sequence == at + 1


@given(chains, entries, st.data())
def test_an_inserted_row_is_found(lived, entry, data):
    rows, head = lived
    at = data.draw(st.integers(0, len(rows)))
    before = start("A", "T") if at == 0 else head_after(rows[at - 1])
    assert first_break([*rows[:at], link(entry, before), *rows[at:]], head=head)


@given(chains, st.data())
def test_rows_that_changed_places_are_found(lived, data):
    rows, head = lived
    order = data.draw(st.permutations(rows))
    found = first_break(order, head=head)
    assert (found is None) == (list(order) == rows)


@given(chains, st.data())
def test_a_tail_cut_off_with_its_head_record_is_found_by_an_anchor(lived, data):
    rows, head = lived
    kept = rows[: data.draw(places(rows))]
    forged_head = head_after(kept[-1]) if kept else start("A", "T")

    assert first_break(kept, head=forged_head) is None
    found = first_break(kept, head=forged_head, anchors=[head])
    assert found is not None
    assert found.sequence == len(kept) + 1


@given(chains, chains, st.data())
def test_a_chain_written_anew_is_found_by_an_anchor(lived, anew, data):
    rows, _ = lived
    others, head = anew
    anchor = head_after(rows[data.draw(places(rows))])
    same = len(others) >= anchor.sequence and (
        others[anchor.sequence - 1].row_hash == anchor.row_hash
    )

    assert (first_break(others, head=head, anchors=[anchor]) is None) == same


@given(chains, st.data())
def test_a_row_that_cannot_be_read_is_found_where_it_stands(lived, data):
    rows, head = lived
    at = data.draw(places(rows))

    found = first_break([*rows[:at], UnreadableRow()], head=head)

    assert found == Break(at + 1, "the row cannot be read")


@given(chains, st.data())
def test_two_anchors_that_tell_one_row_differently_are_a_break(lived, data):
    """Whoever rewrote the chain between them; whichever comes first."""
    rows, head = lived
    true = head_after(rows[data.draw(places(rows))])
    told = data.draw(st.permutations([true, replace(true, row_hash="0" * 64)]))

    assert first_break(rows, head=head, anchors=told) == Break(
        true.sequence, "it differs from the anchor kept outside"
    )
