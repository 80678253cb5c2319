"""A column looked up by another: the same answers in memory and on disk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.tabular.mapping.lookup import Lookup


keys = st.text(alphabet="ab\u00e9\udcff", max_size=2)
values = st.text(alphabet="ab\u00e9\U0001f600\udcff", max_size=3)


@given(st.lists(st.tuples(keys, values)), st.sampled_from(["least", "greatest"]))
def test_on_disk_it_says_what_it_says_in_memory(entries, keep):
    memory, disk = Lookup(keep), Lookup(keep, in_memory=2)
    for lookup in (memory, disk):
        for key, value in entries:
            lookup.put(key, value)
        lookup.settle()
    asked = [key for key, _ in entries] + ["absent"]
    assert [disk.get(key) for key in asked] == [memory.get(key) for key in asked]


@pytest.mark.parametrize(("keep", "value"), [("least", "2150"), ("greatest", "2151")])
@pytest.mark.parametrize("in_memory", [1, 100])
def test_an_empty_value_gives_way_to_any_other(keep, value, in_memory):
    lookup = Lookup(keep, in_memory)
    for told in ("", "2151", "", "2150"):
        lookup.put("7", told)
    lookup.put("8", "")
    lookup.settle()
    assert (lookup.get("7"), lookup.get("8"), lookup.get("9")) == (value, "", None)
