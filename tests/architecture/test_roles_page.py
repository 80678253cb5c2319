"""The page for whoever hands out rights says what the matrix says."""

from pathlib import Path

from manual.roles import with_matrix


PAGE = Path(__file__).resolve().parents[2] / "deploy/docs/roles.md"


def test_the_page_shows_the_matrix_as_it_is():
    """After a change: write `with_matrix` of the page over it."""
    page = PAGE.read_text("utf-8")

    assert with_matrix(page) == page
