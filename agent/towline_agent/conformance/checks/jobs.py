"""Connections and what surrounds them: identity, closing, programs, signs of the system."""

from __future__ import annotations

from collections.abc import Callable

from towline_agent.conformance.bench import Bench, Capability, price_query
from towline_agent.conformance.check import Subject
from towline_agent.conformance.documents import sample_order
from towline_agent.conformance.expect import expect, fails, same
from towline_agent.ibmi.port import IbmI, ProgramCall, Purpose
from towline_shared.errors import Misuse, Permanent, Refused

__all__ = ["JOBS"]

JOBS = Subject("jobs")


@JOBS.check()
def the_partition_says_who_it_is(bench: Bench) -> None:
    """Release, CCSID, profile and all parts of the fingerprint are there; nothing is missing."""
    about = bench.connect().describe()
    expect(about.release.startswith("V"), f"the release is {about.release!r}, not like V7R5M0")
    expect(about.ccsid > 0, f"the CCSID is {about.ccsid}")
    expect(bool(about.user), "the user profile is empty")
    parts = {"serial": about.serial, "partition": about.partition, "system": about.system,
             "RDB": about.rdb}  # fmt: skip
    for name, part in parts.items():
        expect(bool(part.strip()), f"the fingerprint lacks the {name}: {about.fingerprint}")
    same(about.missing, (), "what is missing")


@JOBS.check()
def the_fingerprint_is_the_same_for_every_connection(bench: Bench) -> None:
    """It belongs to the partition, not to the job."""
    prints = {bench.connect(purpose).describe().fingerprint for purpose in Purpose}
    same(len(prints), 1, "different fingerprints")


@JOBS.check()
def a_closed_connection_is_misuse_and_closing_twice_is_harmless(bench: Bench) -> None:
    """Our own mistake is told from the system's, whichever verb is called."""
    connection = bench.connect(Purpose.WRITE)
    connection.close()
    connection.close()
    plain = bench.queues.plain
    verbs: dict[str, Callable[[IbmI], object]] = {
        "describe": lambda ibmi: ibmi.describe(),
        "outbox": lambda ibmi: ibmi.outbox(after=0, limit=1),
        "outbox_delete": lambda ibmi: ibmi.outbox_delete([1]),
        "outbox_depth": lambda ibmi: ibmi.outbox_depth(),
        "rows": lambda ibmi: ibmi.rows(price_query(bench), [("A",)]),
        "snapshot": lambda ibmi: ibmi.snapshot(price_query(bench), after_key=None, limit=1),
        "wait": lambda ibmi: ibmi.wait(bench.queues.doorbell, seconds=0.02),
        "queue_peek": lambda ibmi: ibmi.queue_peek(plain, limit=1),
        "queue_take": lambda ibmi: ibmi.queue_take(plain),
        "queue_send": lambda ibmi: ibmi.queue_send(plain, b"\x40"),
        "queue_info": lambda ibmi: ibmi.queue_info(plain),
        "apply_order": lambda ibmi: ibmi.apply_order(sample_order(1), event_id="kit-closed"),
        "send_message": lambda ibmi: ibmi.send_message("never seen"),
        "job_active": lambda ibmi: ibmi.job_active("NOSUCH"),
        "data_area": lambda ibmi: ibmi.data_area(bench.library, "NOSUCH"),
    }
    for name, verb in verbs.items():
        fails(Misuse, lambda v=verb: v(connection), f"{name} on a closed one")  # type: ignore[misc]


@JOBS.check()
def closing_one_connection_leaves_the_others(bench: Bench) -> None:
    """Each connection is a job of its own."""
    kept = bench.connect()
    for purpose in Purpose:
        bench.connect(purpose).close()
        expect(bool(kept.describe().system), "the connection that stayed open is gone")


@JOBS.check()
def a_new_connection_is_not_worn_out(bench: Bench) -> None:
    """expired() is False at the start: an agent must not open connections for ever."""
    connection = bench.connect()
    same(connection.expired(), False, "expired() of a new connection")
    connection.describe()
    same(connection.expired(), False, "expired() after its first verb")


@JOBS.check()
def a_missing_program_is_permanent(bench: Bench) -> None:
    """The sentence names the program; the connection stays usable."""
    writer = bench.connect(Purpose.WRITE)
    call = ProgramCall(bench.erp_library, "NOSUCH", ())
    fails(Permanent, lambda: writer.call_program(call), "a missing program", naming="NOSUCH")
    expect(bool(writer.describe().system), "the connection can't be used after the error")


@JOBS.check(Capability.PROGRAMS)
def a_program_of_the_erp_is_called(bench: Bench) -> None:
    """It runs under the connection and ends; so does a second call."""
    writer = bench.connect(Purpose.WRITE)
    for _ in range(2):
        if bench.program is not None:
            writer.call_program(bench.program)


@JOBS.check(Capability.REFUSING_PROGRAMS)
def a_program_may_refuse(bench: Bench) -> None:
    """Its own SQLSTATE is a refusal with the program's words, not a broken system."""
    writer = bench.connect(Purpose.WRITE)
    call = bench.refusing
    if call is not None:
        fails(Refused, lambda: writer.call_program(call), "a program that signals an error")
        expect(bool(writer.describe().system), "the connection can't be used after the refusal")


@JOBS.check(Capability.DATA_AREAS)
def a_data_area_is_read_as_it_stands(bench: Bench) -> None:
    """Right-trimmed, changed values at once, leading blanks kept."""
    reader = bench.connect()
    for value in ("OPEN", "CLOSED FOR THE NIGHT", "  X"):
        bench.set_data_area("KITAREA", value.ljust(30))
        same(reader.data_area(bench.library, "KITAREA"), value, "value of the data area")


@JOBS.check()
def a_missing_data_area_is_permanent(bench: Bench) -> None:
    """The sentence names it, and the connection stays usable."""
    reader = bench.connect()
    fails(Permanent, lambda: reader.data_area(bench.library, "NOSUCH"), "a missing data area",
          naming="NOSUCH")  # fmt: skip
    expect(bool(reader.describe().system), "the connection can't be used after the error")


@JOBS.check(Capability.ACTIVE_JOBS)
def a_job_is_found_by_its_whole_name(bench: Bench) -> None:
    """Neither the beginning of a name nor another one counts; an ended job is not active."""
    reader = bench.connect()
    bench.set_active_jobs(["KITNIGHT"])
    for name, wanted in (("KITNIGHT", True), ("KITNIG", False), ("KITNIGHT2", False)):
        same(reader.job_active(name), wanted, f"job_active({name})")
    bench.set_active_jobs([])
    same(reader.job_active("KITNIGHT"), False, "job_active of a job that ended")


@JOBS.check(Capability.MESSAGES)
def the_operator_gets_one_message(bench: Bench) -> None:
    """A text with quotes, signs and umlauts arrives once and as it was written."""
    text = "Towline kit: 5\" pipe, O'Neil & (Grün) *ALL / 100%"
    bench.connect(Purpose.WRITE).send_message(text)
    same([told for told in bench.messages() if "Towline kit" in told], [text], "messages")


@JOBS.check(Capability.MESSAGES)
def a_long_message_is_cut_and_not_refused(bench: Bench) -> None:
    """512 characters arrive, also when quotes are doubled on the way."""
    bench.connect(Purpose.WRITE).send_message("Towline kit " + "it's " * 200)
    (told,) = [told for told in bench.messages() if "Towline kit" in told]
    same(len(told.rstrip()), len(("Towline kit " + "it's " * 200)[:512].rstrip()), "length")
