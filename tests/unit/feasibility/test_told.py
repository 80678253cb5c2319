"""The tables and the figure of the small hospital: what a reader finds in them."""

import csv
import io
from xml.etree import ElementTree as ET

import pytest
from made_up.small_hospital import PATIENTS, TRIAL, messages
from rich.console import Console

from streams.app.backtest.figure import COLUMNS, write_figure
from streams.app.backtest.judging import judge_history
from streams.app.backtest.table import print_report
from streams.app.backtest.telling import Calendar, report
from streams.clinical.feasibility.numbers import STEPS
from streams.clinical.feasibility.probe import plan
from streams.clinical.feasibility.report import BACKTEST
from streams.pipeline.patient import Rules
from streams.vocabulary.errors import ErrorCode, SettingsError


@pytest.fixture(scope="module")
def told():
    judged = judge_history(
        plan(TRIAL, STEPS, domains=["only"]),
        [messages(name) for name in PATIENTS],
        Rules(software_version="test"),
    )
    return report(
        TRIAL, judged, Calendar(shifted=True), source="made up", software_version="test"
    )


@pytest.fixture(scope="module")
def text(told):
    out = io.StringIO()
    print_report(told, Console(file=out, width=110))
    return out.getvalue()


def test_the_tables_name_every_line_and_what_it_cost(text):
    rows = [line for line in text.splitlines() if "│ I3 " in line]
    cells = [cell.strip() for cell in rows[0].split("│")]
    assert cells[2:7] == ["2", "2", "3", "2", "3"]
    assert "Lactate above 2 mmol/L" in text


def test_a_rate_that_nobody_can_know_is_called_unknown(text):
    assert "unknown" in text
    assert "dates are shifted" in text


def test_the_tables_say_what_the_figures_do_not(text):
    assert "consent and refusal are not in the data" in text


def test_the_report_survives_json(told):
    assert BACKTEST.validate_json(BACKTEST.dump_json(told)) == told


def test_the_figure_is_an_svg_with_every_bar_and_its_number(told, tmp_path):
    write_figure(told, tmp_path / "flow.svg")
    root = ET.parse(tmp_path / "flow.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    words = [text.text for text in root.iter(f"{name}text")]
    assert root.find(f"{name}title") is not None
    assert "I3 Lactate above 2 mmol/L" in words
    assert "3 -2 -2" in words  # remaining, excluded, unknown at I3
    widths = [float(r.get("width")) for r in root.iter(f"{name}rect")]
    assert max(widths) <= 380


def test_the_table_beside_the_figure_holds_the_same_numbers(told, tmp_path):
    write_figure(told, tmp_path / "flow.svg")
    with (tmp_path / "flow.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    by_step = {row["step"]: row for row in rows}
    assert by_step["in database"]["remaining"] == "9"
    assert by_step["I3"]["gain"] == "3"
    assert by_step["flagged"]["remaining"] == "2"


def test_a_figure_of_another_name_is_refused(told, tmp_path):
    with pytest.raises(SettingsError) as fault:
        write_figure(told, tmp_path / "flow.png")
    assert fault.value.code is ErrorCode.PATH_NOT_FOUND
