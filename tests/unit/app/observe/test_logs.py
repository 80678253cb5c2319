import ast
import asyncio
import io
import json
import logging
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.app.observe.logs import FIELDS, WITHHELD, Log, libraries_told
from streams.vocabulary.errors import ErrorCode, InputError


PHI = st.one_of(
    st.from_regex(r"MRN[0-9]{8}", fullmatch=True),
    st.from_regex(r"Zz[a-z]{5,12}, Qq[a-z]{4,9}", fullmatch=True),
    st.from_regex(r"19[0-9]{2}-0[1-9]-1[0-9] zq", fullmatch=True),
    st.text(min_size=6).map(lambda text: f"zqx{text}"),
)


class Heard:
    """A log and what came of it."""

    def __init__(self, level="info"):
        self.stream = io.StringIO()
        self.withheld = []
        self.log = Log("worker", level, self.stream, self.withheld.append)

    @property
    def text(self):
        return self.stream.getvalue()

    @property
    def lines(self):
        return [json.loads(line) for line in self.text.splitlines()]

    def silent_about(self, phi):
        """Neither as it is, nor as JSON writes it, nor as Python does."""
        forms = (phi, json.dumps(phi)[1:-1], repr(phi)[1:-1])
        return not [form for form in forms if form in self.text]


@contextmanager
def library_lines(heard):
    with libraries_told(heard.log):
        yield logging.getLogger("aiokafka.consumer")


def test_a_line_is_json_with_its_process_level_and_time():
    heard = Heard()
    heard.log.info("batch done", topic="ehr.raw", partition=3, offset=17, seconds=0.5)
    (line,) = heard.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "batch done",
        "level": "info",
        "process": "worker",
        "topic": "ehr.raw",
        "partition": 3,
        "offset": 17,
        "seconds": 0.5,
    }


def test_a_line_below_the_level_is_not_written():
    heard = Heard("warning")
    heard.log.debug("small")
    heard.log.info("small")
    heard.log.warning("large")
    heard.log.error("large")
    assert [line["level"] for line in heard.lines] == ["warning", "error"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("topic", "ehr.events"),
        ("topic", "ember-facts-changelog"),
        ("topic", "shadow.next.trial.screenings"),
        ("app", "ember-next"),
        ("table", "heads"),
        ("code", ErrorCode.MALFORMED_MESSAGE),
        ("outcome", "repeated"),
        ("signal", "SIGTERM"),
        ("message_id", "3f2504e0-4f89-51d3-9a0c-0305e82c3301"),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("version", "1.0.3"),
        ("count", 12),
        ("seconds", 3),
    ],
)
def test_a_field_of_its_shape_is_written(field, value):
    heard = Heard()
    heard.log.info("done", **{field: value})
    assert heard.lines[0][field] == value
    assert not heard.withheld


@given(field=st.sampled_from(sorted(FIELDS)), phi=PHI)
def test_no_allowed_field_takes_what_could_tell_who_somebody_is(field, phi):
    heard = Heard()
    heard.log.info("done", **{field: phi})
    assert heard.silent_about(phi)
    assert heard.withheld == ["field"]


@given(
    field=st.from_regex(r"[a-z_]{3,12}", fullmatch=True).filter(
        lambda name: name not in {*FIELDS, "event", "error", "level", "self"}
    ),
    value=st.one_of(PHI, st.binary(), st.lists(PHI), st.dictionaries(PHI, PHI)),
)
def test_a_field_that_is_not_named_is_dropped_whatever_it_holds(field, value):
    heard = Heard()
    heard.log.info("done", **{field: value})
    assert set(heard.lines[0]) == {"event", "level", "process", "timestamp"}
    assert heard.withheld == ["field"]


@pytest.mark.parametrize("field", sorted(FIELDS))
@pytest.mark.parametrize("value", [{"a": 1}, ["a"], b"a", True, None])
def test_a_container_is_no_value_of_any_field(field, value):
    heard = Heard()
    heard.log.info("done", **{field: value})
    assert field not in heard.lines[0]


@given(phi=PHI)
def test_an_event_that_does_not_stand_in_the_program_is_withheld(phi):
    heard = Heard()
    heard.log.info(f"patient {phi} done")  # noqa: G004 - what is tried here
    heard.log.info(phi)
    assert [line["event"] for line in heard.lines] == [WITHHELD, WITHHELD]
    assert heard.silent_about(phi)


def raised(phi):
    """An exception with a cause, both of which say too much."""
    try:
        try:
            {}[phi]
        except KeyError as fault:
            raise InputError(ErrorCode.MALFORMED_MESSAGE, phi, phi) from fault
    except InputError as fault:
        return fault


@given(phi=PHI)
def test_of_an_exception_only_type_code_and_place_are_told(phi):
    heard = Heard()
    heard.log.failed("batch failed", raised(phi), count=2)
    (line,) = heard.lines
    assert line["error"] == "InputError"
    assert line["code"] == "EMB-110"
    assert line["causes"] == ["KeyError"]
    assert line["at"].startswith("test_logs.py:")
    assert heard.silent_about(phi)


def test_the_place_told_is_ours_even_where_a_library_raised():
    heard = Heard()
    try:
        Log("worker", "no such level", heard.stream)
    except KeyError as fault:
        heard.log.failed("batch failed", fault)
    (line,) = heard.lines
    assert line["at"].startswith("streams/app/observe/logs.py:")
    assert line["deepest"].startswith("structlog/")


@given(phi=PHI)
def test_a_librarys_values_are_not_filled_in(phi):
    heard = Heard()
    with library_lines(heard) as library:
        library.warning("Record %s of %r cannot be read", phi, {"key": phi})
        library.error("Cannot read record: %(value)s", {"value": phi})
    assert [line["text"] for line in heard.lines] == [
        "Record %s of %r cannot be read",
        "Cannot read record: %(value)s",
    ]
    assert {line["logger"] for line in heard.lines} == {"aiokafka.consumer"}
    assert heard.silent_about(phi)


@given(phi=PHI)
def test_a_text_a_library_put_together_itself_is_cut_to_what_the_program_says(phi):
    heard = Heard()
    with library_lines(heard) as library:
        library.warning(f"Cannot decode the value: {phi}")
        library.warning(phi)
        library.warning(f"{phi} {phi}")
        library.warning({"value": phi})
    assert [line["text"] for line in heard.lines] == [
        "Cannot decode the value: ",
        WITHHELD,
        WITHHELD,
        WITHHELD,
    ]
    assert heard.silent_about(phi)


@given(phi=PHI)
def test_a_librarys_exception_is_told_without_its_words(phi):
    heard = Heard()
    with library_lines(heard) as library:
        library.error("Crashed", exc_info=raised(phi))
    assert heard.lines[0]["error"] == "InputError"
    assert heard.silent_about(phi)


@given(phi=PHI)
def test_an_unheard_fault_of_a_task_is_told_without_its_words(phi):
    heard = Heard()

    async def fails():
        raise ValueError(phi)

    async def main():
        asyncio.get_running_loop().call_exception_handler(
            {
                "message": "Task exception was never retrieved",
                "exception": raised(phi),
                "future": phi,
            }
        )
        await asyncio.gather(fails(), return_exceptions=True)

    with libraries_told(heard.log):
        asyncio.run(main())
    (line,) = heard.lines
    assert (line["logger"], line["error"]) == ("asyncio", "InputError")
    assert heard.silent_about(phi)


@given(phi=PHI)
def test_values_that_do_not_fit_their_text_are_not_printed_either(phi):
    heard = Heard()
    with library_lines(heard) as library:
        library.warning("One value: %d", phi)
        library.warning("No value here", phi)
    assert len(heard.lines) == 2
    assert heard.silent_about(phi)


def test_what_a_library_tells_below_warning_is_not_written():
    heard = Heard("debug")
    with library_lines(heard) as library:
        library.info("hello from the broker")
        logging.getLogger("faust").debug("hello from the broker")
    assert heard.text == ""


def test_the_libraries_get_their_loggers_back():
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("faust").level)
    with libraries_told(Heard().log):
        assert logging.getLogger("faust").level == logging.WARNING
    assert (root.level, list(root.handlers), logging.getLogger("faust").level) == before


SOURCES = [
    path
    for package in ("streams", "registry")
    for path in (Path(__file__).resolve().parents[4] / package).rglob("*.py")
]
TELLING = {"debug", "info", "warning", "error", "failed"}


def test_every_event_in_the_program_is_named_where_it_is_told():
    told_elsewhere = [
        f"{path.name}:{call.lineno}"
        for path in SOURCES
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in TELLING
        and ast.unparse(call.func.value).split(".")[-1] in {"log", "_log"}
        and not (
            call.args
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)
        )
    ]
    assert not told_elsewhere


def test_a_long_text_is_cut():
    heard = Heard()
    with library_lines(heard) as library:
        library.warning(
            "a long text of a library, which goes on and on and on and on and on and "
            "on and on and on and on and on and on and on and on and on and on and on "
            "and on and on and on and on and on and on and on and on and on and on"
        )
    assert len(heard.lines[0]["text"]) == 200
