from streams.adapters.hl7v2.mllp import Broken, Deframer, Frame, framed


def read(data):
    return Deframer(1_000).feed(data)


def test_several_messages_of_one_read_are_all_found():
    assert read(framed(b"MSH|a") + framed(b"MSH|b")) == [
        Frame(b"MSH|a"),
        Frame(b"MSH|b"),
    ]


def test_a_sender_that_begins_anew_has_cut_its_message_short():
    found = read(b"\x0bMSH|first|half" + framed(b"MSH|second"))
    assert found == [Broken(b"MSH|first|half", 14, "cut short"), Frame(b"MSH|second")]


def test_a_message_whose_last_return_is_missing_is_whole_when_the_next_begins():
    assert read(b"\x0bMSH|first\x1c" + framed(b"MSH|second")) == [
        Frame(b"MSH|first"),
        Frame(b"MSH|second"),
    ]


def test_a_vertical_tab_in_a_report_belongs_to_the_report():
    payload = b"MSH|r\rOBX|1|TX|||one\x0btwo\x0bMS\r"
    assert read(framed(payload)) == [Frame(payload)]


def test_the_end_of_the_stream_tells_what_was_not_finished():
    deframer = Deframer(1_000)
    assert deframer.feed(framed(b"MSH|a") + b"\x0bMSH|b") == [Frame(b"MSH|a")]
    assert deframer.inside
    assert deframer.end() == Broken(b"MSH|b", 5, "cut short")
    assert deframer.end() is None
    assert deframer.held == 0 or not deframer.inside


def test_an_empty_message_is_a_message():
    assert read(framed(b"")) == [Frame(b"")]
