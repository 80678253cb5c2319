"""One rule as a protocol writes it, over one small timeline."""

from collections.abc import Callable

import pytest
import yaml
from pydantic import TypeAdapter

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import Judgement, PatientView
from streams.vocabulary.rules import Rule


RULE = TypeAdapter(Rule)


@pytest.fixture
def judged(timeline_of, at) -> Callable[..., Judgement]:
    """What a rule says of the table's patient at a moment."""

    def ask(rule: str, table: str, moment: str = "1 12:00", **known) -> Judgement:
        anchors = {name.replace("_at_", "."): at(t) for name, t in known.items()}
        head = "at | what | value | encounter | specimen | method\n"
        view = PatientView(
            timeline=timeline_of(head + table),
            episode="now" if "| now" in table else "none",
            anchors=anchors,
        )
        return judge(RULE.validate_python(yaml.safe_load(rule)), view, at(moment))

    return ask


@pytest.fixture
def says(judged) -> Callable[..., str]:
    """The same, as its truth alone."""

    def ask(*args, **named) -> str:
        return judged(*args, **named).truth.value

    return ask
