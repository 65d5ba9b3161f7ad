from raysft.harmless_text import shortened
from raysft.identity import StageId
from raysft.records import FailureRecord


def test_a_shortened_text_can_be_written_and_seen() -> None:
    assert shortened("plain", 5) == "plain"
    assert shortened("plainer", 5) == "plai…"
    assert shortened("\ud83d\x1b[31m", 300) == "\\ud83d\\x1b[31m"
    assert len(shortened("\ud83d" * 50, 100)) == 100


def test_a_cause_of_failure_can_be_kept_whatever_it_says() -> None:
    record = FailureRecord(stage=StageId("s" * 32), kind="user", cause="no \udcff.txt \x1b[2J", attempts=1)
    again = FailureRecord.model_validate_json(record.model_dump_json().encode())
    assert again.cause == "no \\udcff.txt \\x1b[2J"
