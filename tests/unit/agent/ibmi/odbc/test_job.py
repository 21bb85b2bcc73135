"""The job: verbs over one connection, keep-alive, wear, and nothing left open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest

from tests.unit.agent.ibmi.odbc.raw import SETTINGS, RawConnection, failure, opened
from towline_agent.ibmi.errors import LinkLost, SiteFault
from towline_agent.ibmi.odbc.job import OdbcJob
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import OutboxRow, ProgramCall, Purpose, QueueName
from towline_shared.clock import ManualClock
from towline_shared.errors import Misuse, Permanent, Refused, Retryable

INFO = [(2, 5000, 256, "FIFO", 0, "STANDARD")]
QUEUE = QueueName("TOWLINE", "WEBPRICE")


@contextmanager
def job_on(
    raw: RawConnection,
    monkeypatch: pytest.MonkeyPatch,
    *,
    purpose: Purpose = Purpose.READ,
    settings: OdbcSettings = SETTINGS,
    clock: ManualClock | None = None,
) -> Iterator[OdbcJob]:
    """Open a job over the scripted connection."""
    with opened(raw, monkeypatch, purpose=purpose, settings=settings) as door:
        yield OdbcJob(door, settings, purpose, clock=clock or ManualClock())


def test_outbox_rows_come_trimmed_and_in_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """CHAR padding, unused keys and the client's form of a timestamp are gone."""
    stamp = datetime(2026, 11, 23, 8, 0, 0, 1)  # noqa: DTZ001  (the partition's local time)
    row = (7, "DISTLIB", "ITMPRC", "4711  ", "", "", "", "U", stamp, "1/MWEBER/X ", "MWEBER")
    raw = RawConnection(answers={"OUTBOX": [row]})
    with job_on(raw, monkeypatch) as job:
        (found,) = job.outbox(after=3, limit=10)
    assert found == OutboxRow(
        id=7, library="DISTLIB", file="ITMPRC", keys=("4711",), operation="U",
        changed_at="2026-11-23-08.00.00.000001", job="1/MWEBER/X", user="MWEBER",
    )  # fmt: skip
    text, parameters = raw.log[0]
    assert "SKIP LOCKED DATA" in text
    assert "FETCH FIRST 10 ROWS ONLY" in text
    assert parameters == (3,)


def test_deleting_commits_and_leaves_no_unit_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids travel as parameters, 500 a statement of a usual length, in one unit of work."""
    raw = RawConnection(answers={"DELETE": 1})
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        assert job.outbox_delete(range(1, 602)) == 2
        deletes = [each for each in raw.log if "DELETE" in each[0]]
        assert [len(parameters) for _, parameters in deletes] == [500, 200]
        assert raw.texts[-2:] == ["COMMIT", "ROLLBACK"]


def test_deleting_nothing_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list is no statement, and certainly not one without a WHERE."""
    raw = RawConnection()
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        assert job.outbox_delete([]) == 0
        assert not any("DELETE" in text for text in raw.texts)


def test_a_failed_delete_is_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked outbox row leaves nothing half deleted."""
    raw = RawConnection(answers={"DELETE": failure("HY000", "SQL0913 - in use (-913)")})
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        with pytest.raises(Retryable):
            job.outbox_delete([1])
        assert raw.texts[-1] == "ROLLBACK"
        assert "COMMIT" not in raw.texts


def test_an_idle_connection_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long silence a firewall may have cut it: a short question tells before the verb."""
    clock = ManualClock()
    raw = RawConnection(answers={"OUTBOX": []})
    with job_on(raw, monkeypatch, clock=clock) as job:
        job.outbox(after=0, limit=1)
        clock.advance(SETTINGS.keepalive_s + 1)
        job.outbox(after=0, limit=1)
    assert [("SYSDUMMY1" in text) for text in raw.texts if "SELECT" in text] == [
        False, True, False,
    ]  # fmt: skip


def test_an_idle_connection_that_died_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb itself is not sent, so nothing is in doubt."""
    clock = ManualClock()
    raw = RawConnection(answers={"SYSDUMMY1": failure("08S01", "CWBCO1047")})
    with job_on(raw, monkeypatch, clock=clock) as job:
        clock.advance(SETTINGS.keepalive_s + 1)
        with pytest.raises(LinkLost):
            job.outbox(after=0, limit=1)
        assert not any("OUTBOX" in text for text in raw.texts)
        assert job.expired()


def test_a_worn_connection_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """By age or by statements: server jobs wear out, and the worker opens a new one in time."""
    clock = ManualClock()
    settings = replace(SETTINGS, recycle_s=60.0, recycle_statements=3)
    with job_on(RawConnection(), monkeypatch, settings=settings, clock=clock) as job:
        assert not job.expired()
        clock.advance(61)
        assert job.expired()
    with job_on(RawConnection(), monkeypatch, settings=settings) as job:
        for _ in range(3):
            job.outbox(after=0, limit=1)
        assert job.expired()


def test_a_closed_job_is_misuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb says so; closing twice is harmless."""
    with job_on(RawConnection(), monkeypatch) as job:
        job.close()
        job.close()
        with pytest.raises(Misuse):
            job.describe()
        assert not job.expired()


# -- data queues --------------------------------------------------------------------------------


def test_a_wait_has_more_patience_than_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service gets its seconds as a number; the watchdog waits longer, so none is abandoned."""
    raw = RawConnection(answers={"DATA_QUEUE_INFO": INFO, "RECEIVE": [(b"\xd6", None, None)]})
    with job_on(raw, monkeypatch, purpose=Purpose.WAIT) as job:
        entry = job.wait(QUEUE, seconds=2.5)
    assert entry is not None
    assert entry.data == b"\xd6"
    assert "WAIT_TIME => 2.500" in raw.texts[1]
    assert "VARBINARY(256)" in raw.texts[1]


def test_long_entries_are_read_as_lob(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cast to VARBINARY would cut entries beyond 32,740 bytes."""
    raw = RawConnection(
        answers={"DATA_QUEUE_INFO": [(0, 0, 64512, "FIFO", 0, "STANDARD")], "ENTRIES": []}
    )
    with job_on(raw, monkeypatch) as job:
        job.queue_peek(QUEUE, limit=5)
    assert "VARBINARY" not in raw.texts[1]


def test_keys_travel_as_text_of_the_sites_ccsid(monkeypatch: pytest.MonkeyPatch) -> None:
    """The services take keys as characters; bytes that are none are refused, not mangled."""
    keyed = [(0, 0, 64, "KEYED", 4, "STANDARD")]
    raw = RawConnection(answers={"DATA_QUEUE_INFO": keyed, "RECEIVE": [(b"x", "K001", None)]})
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        entry = job.queue_take(QUEUE, key="K001".encode("cp037"))
        assert entry is not None
        assert entry.key == "K001".encode("cp037")
        receive = next(given for text, given in raw.log if "RECEIVE" in text)
        assert receive == ("WEBPRICE", "TOWLINE", "K001")
        with pytest.raises(Permanent, match="no text"):
            job.queue_take(QUEUE, key=b"\x00\x01\x02\x0f")


def test_a_key_of_another_ccsid_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A character the site's CCSID lacks is a sentence with the setting to change, not a crash."""
    keyed = [(0, 0, 64, "KEYED", 4, "STANDARD")]
    raw = RawConnection(answers={"DATA_QUEUE_INFO": keyed, "ENTRIES": [(b"x", "K\u20ac01", None)]})
    with job_on(raw, monkeypatch) as job, pytest.raises(Permanent, match="CCSID 37"):
        job.queue_peek(QUEUE, limit=1)


def test_a_wrong_length_never_reaches_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer entry than MAXLEN and a key of another length are refused before the call."""
    raw = RawConnection(answers={"DATA_QUEUE_INFO": INFO})
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        with pytest.raises(Permanent, match="MAXLEN 256"):
            job.queue_send(QUEUE, b"\x40" * 257)
        with pytest.raises(Permanent, match="key of 0 bytes"):
            job.queue_send(QUEUE, b"\x40", key=b"K")
        assert not any("CALL" in text for text in raw.texts)


def test_a_ddm_queue_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entries can't be looked at before they are taken."""
    raw = RawConnection(answers={"DATA_QUEUE_INFO": [(None, None, None, "FIFO", 0, "DDM")]})
    with job_on(raw, monkeypatch) as job, pytest.raises(Permanent, match="DDM"):
        job.queue_peek(QUEUE, limit=1)


# -- programs and messages ------------------------------------------------------------------------


def test_a_program_is_called_with_typed_values_and_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Default replies first, so that an inquiry can't hang the job; then the call, then COMMIT."""
    raw = RawConnection()
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        job.call_program(ProgramCall("DISTLIB", "ORDIN", ("e1", 5)))
    assert raw.log[0][1] == ("QSYS/CHGJOB INQMSGRPY(*DFT)",)
    assert raw.texts[1] == "CALL DISTLIB.ORDIN(?, ?)"
    assert raw.texts[2] == "COMMIT"


def test_a_program_that_says_no_is_refused_and_rolled_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own SQLSTATE is a decision of the ERP, with its sentence; nothing stays."""
    raw = RawConnection(answers={"CALL DISTLIB": failure("75001", "SQL0438 - Kunde gesperrt")})
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        with pytest.raises(Refused, match="Kunde gesperrt"):
            job.call_program(ProgramCall("DISTLIB", "ORDIN", ()))
        assert "COMMIT" not in raw.texts


def test_a_program_name_never_becomes_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is none stops before the door."""
    raw = RawConnection()
    with (
        job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job,
        pytest.raises(Misuse),
    ):
        job.call_program(ProgramCall("DISTLIB", "X(1); DROP TABLE Y", ()))
    assert not any("DROP" in text for text in raw.texts)


def test_a_program_that_was_called_is_not_called_again_for_a_rollback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the COMMIT nothing may look like a failure, or the ERP would get the order twice."""
    raw = RawConnection(on_rollback=failure("08S01", "Communication link failure CWBCO1047"))
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        job.call_program(ProgramCall("DISTLIB", "ORDIN", ("e1",)))
        assert job.expired()
    assert raw.texts.count("COMMIT") == 1


def test_an_entry_that_was_sent_is_not_sent_again_for_a_rollback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No rollback takes an entry back, so one that fails must not repeat the send."""
    raw = RawConnection(
        answers={"DATA_QUEUE_INFO": INFO},
        on_rollback=failure("08S01", "Communication link failure CWBCO1047"),
    )
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        job.queue_send(QUEUE, b"x")


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (failure("38501", "SQL0443 - CPF9801 Object ORDWRK not found. (-443)"), Refused),
        (failure("42884", "SQL0440 - Routine ORDIN not found. (-440)"), SiteFault),
        (failure("42501", "SQL0551 - Not authorized to object ORDIN. (-551)"), SiteFault),
    ],
)
def test_what_a_program_meets_inside_is_its_answer(
    error: Exception, wanted: type[Permanent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is not there stops all orders; one that fails on this order refuses it."""
    raw = RawConnection(answers={"CALL": error})
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        job._documents._answers_questions = True
        with pytest.raises(wanted):
            job.call_program(ProgramCall("DISTLIB", "ORDIN", ("e1",)))


def test_a_queue_made_anew_with_longer_entries_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entries would be cut to the old MAXLEN without a word."""
    clock = ManualClock()
    raw = RawConnection(answers={"DATA_QUEUE_INFO": INFO})
    with job_on(raw, monkeypatch, clock=clock) as job:
        job.queue_peek(QUEUE, limit=1)
        raw.answers["DATA_QUEUE_INFO"] = [(0, 5000, 512, "FIFO", 0, "STANDARD")]
        clock.advance(60)
        job.queue_peek(QUEUE, limit=1)
    cuts = [text for text in raw.texts if "VARBINARY" in text]
    assert ["VARBINARY(256)" in text for text in cuts] == [True, False]
    assert "VARBINARY(512)" in cuts[1]


def test_a_lock_is_no_missing_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who the partition is must be known while another job holds a staging table."""
    locked = failure("57033", "SQL0913 - Row or object WEBORDH in use. (-913)")
    with job_on(about(WEBORDH=locked), monkeypatch, purpose=Purpose.WRITE) as job:
        assert job.describe().missing == ()


def test_a_message_is_one_quoted_parameter_of_one_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A quote in the text can't end the CL string; the text is cut at 512 characters."""
    raw = RawConnection()
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        job.send_message("It's late" + "x" * 600)
    text, (command,) = raw.log[0]
    assert text == "CALL QSYS2.QCMDEXC(?)"
    assert command.startswith("QSYS/SNDMSG MSG('It''s late")
    assert command.endswith("') TOMSGQ(QSYS/QSYSOPR)")
    assert len(command) < 560


# -- who and what is missing ----------------------------------------------------------------------


def about(**more: object) -> RawConnection:
    answers: dict[str, object] = {
        "CURRENT SERVER": [("NORDWIND", "TWAGENT")],
        "ENV_SYS_INFO": [("AS400", "7", "5")],
        "SYSTEM_STATUS_INFO": [("78A1B2C", None)],
        "SYSTEM_VALUE_INFO": [(37, None)],
        **more,
    }
    return RawConnection(answers=answers)


def test_the_partition_is_described_from_what_the_release_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A view that is not there leaves its figure out instead of failing the rest."""
    missing = failure("42S02", "SQL0204 - SYSTEM_STATUS_INFO in QSYS2 not found. (-204)")
    with job_on(about(), monkeypatch) as job:
        found = job.describe()
    assert found.fingerprint == "78A1B2C/unknown/AS400/NORDWIND"
    assert (found.release, found.ccsid, found.user) == ("V7R5M0", 37, "TWAGENT")
    assert found.missing == ()
    with job_on(about(SYSTEM_STATUS_INFO=missing), monkeypatch) as job:
        assert job.describe().serial == "unknown"


def test_missing_objects_and_grants_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thing the agent needs and does not have is named once, with what to do."""
    denied = failure("HY000", "SQL0551 - Not authorized to object APPLIED in TOWLINE. (-551)")
    raw = about(**{"INSERT INTO TOWLINE.APPLIED": denied})
    with job_on(raw, monkeypatch, purpose=Purpose.WRITE) as job:
        (sentence,) = job.describe().missing
    assert "APPLIED in TOWLINE" in sentence
    assert "grants" in sentence
    with job_on(raw, monkeypatch) as job:
        assert job.describe().missing == ()  # a reading connection does not try to write
