"""The kinds of lines of a file agree with `configparser`."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings

from encee.awsfile.lines import Kind, read_lines
from encee.awsfile.syntax import UnreadableError, read_view
from tests.awsfile.test_document_properties import EXAMPLES, any_files


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=EXAMPLES // 10)
@given(any_files)
def test_the_lines_hold_the_options_that_configparser_reads(data: bytes) -> None:
    try:
        view = read_view(data, Path("credentials"))
    except UnreadableError:
        return
    found: dict[str, dict[str, str]] = {"DEFAULT": {}}
    names = {}
    for line in read_lines(data):
        if line.kind is Kind.HEADER:
            names[line.number] = line.name
            found.setdefault(line.name, {})
        elif line.kind is Kind.OPTION:
            found[names[line.header]][line.option] = line.value
    inherited = view["DEFAULT"]
    assert found.keys() == view.keys()
    for name, options in view.items():
        assert {**inherited, **found[name]}.keys() == options.keys()
        for option, value in found[name].items():
            assert options[option].partition("\n")[0] == value
