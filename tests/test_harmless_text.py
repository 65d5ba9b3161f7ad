from raysft.harmless_text import shortened


def test_a_shortened_text_can_be_written_and_seen() -> None:
    assert shortened("plain", 5) == "plain"
    assert shortened("plainer", 5) == "plai…"
    assert shortened("\ud83d\x1b[31m", 300) == "\\ud83d\\x1b[31m"
    assert len(shortened("\ud83d" * 50, 100)) == 100
