"""How much code a reader has to follow from `encee refresh` to the written session."""

import pytest

from scripts.trace_refresh import FILES, FUNCTIONS, trace


@pytest.mark.slow
def test_a_refresh_runs_no_more_functions_and_files_than_its_limits() -> None:
    functions = trace()
    assert "main" in functions["cli/app.py"]
    assert sum(map(len, functions.values())) <= FUNCTIONS
    assert len(functions) <= FILES
