"""A relay in the wrong hands can't make the agent run SQL or commands of its choice.

The relay is scripted and holds the right keys; the agent's session, buffer, delivery, sinks and the
ODBC driver are the real ones; below them every statement is written down instead of being sent.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pyodbc
import pytest

from tests.support.agent_house import ManualPace
from tests.support.link_world import until
from tests.support.poison import POISONS, poisoned, variants
from tests.support.scripted_relay import THEIRS, Notes, ScriptedRelay, session_of
from tests.unit.agent.ibmi.odbc.raw import SETTINGS, RawConnection
from towline_agent.buffer import Buffer
from towline_agent.config_formats import Parameter
from towline_agent.conformance.documents import sample_order
from towline_agent.deliver import Delivery
from towline_agent.ibmi.odbc.driver import OdbcDriver
from towline_agent.ibmi.port import Purpose, QueueName
from towline_agent.ibmi.worker import IbmIWorker, SignOn
from towline_agent.pace import Patience
from towline_agent.policy import Policy, ProgramName
from towline_agent.sinks.base import Sink
from towline_agent.sinks.data_queue import OrderQueue
from towline_agent.sinks.documents import order_value
from towline_agent.sinks.order_tables import OrderTables
from towline_agent.sinks.program_call import DocumentProgram
from towline_shared.clock import SystemClock
from towline_shared.codec import decode, encode
from towline_shared.errors import Misuse
from towline_shared.events import Body, Event
from towline_shared.frames import Data, Frame, Position, Welcome
from towline_shared.retry import Backoff

NAME = r"[A-Z][A-Z0-9]*(?:\.[A-Z][A-Z0-9]*)?"
PLACES = {
    "values": r"\?(?:, \?)*",
    "columns": r"[A-Z][A-Z0-9]*(?:, [A-Z][A-Z0-9]*)*",
}
#: All the objects this site's agent may name: Towline's library, one program, one queue.
ALLOWED = frozenset({"TOWLINE", "DISTLIB", "QSYS2", "SYSIBM", "QSYS"})
OURS = ("QSYS/CHGJOB INQMSGRPY(*DFT)",)


def templates() -> list[re.Pattern[str]]:
    """Every statement file of the driver, its places filled by names and markers only."""
    found = []
    for path in sorted((resources.files("towline_agent.ibmi") / "sql").iterdir(), key=str):
        if not path.name.endswith(".sql") or path.name.startswith(("bench_", "install_")):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
        text = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
        parts = re.split(r"\{([a-z_]+)\}", text)
        pattern = "".join(
            PLACES.get(part, NAME) if place % 2 else re.escape(part)
            for place, part in enumerate(parts)
        )
        found.append(re.compile(pattern))
    return found


class House:
    """An agent's down side over a recorded ODBC connection."""

    def __init__(self, folder: Path, sink: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.raw = RawConnection(
            answers={
                "FROM TOWLINE.APPLIED": [(0,)],
                "FROM TOWLINE.WEBORDH": [],
                "CURRENT TIMESTAMP": [("2026-11-23-08.00.00.000000",)],
                "QSYS2.DATA_QUEUE_INFO": [(0, 0, 64512, "FIFO", 0, "STANDARD")],
            }
        )
        monkeypatch.setattr(pyodbc, "connect", lambda *_, **__: self.raw)
        self.clock = SystemClock()
        self.buffer = Buffer(folder / "buffer.db", clock=self.clock)
        rng = random.Random(1)
        self.worker = IbmIWorker(
            OdbcDriver(SETTINGS), Purpose.WRITE, clock=self.clock, sign_on=SignOn(),
            backoff=Backoff(0.01, 0.02), rng=rng,
        )  # fmt: skip
        self.delivery = Delivery(
            buffer=self.buffer, sink=self._sink(sink), clock=self.clock, pace=ManualPace(),
            patience=Patience(Backoff(0.01, 0.02), rng), reported=lambda: None,
            policy=Policy(frozenset({"TOWLINE"})),
        )  # fmt: skip

    def _sink(self, name: str) -> Sink:
        if name == "data_queue":
            return OrderQueue(self.worker, QueueName("TOWLINE", "ORDERS"), ccsid=1208)
        if name == "program_call":
            given = [Parameter(value, "char", length=4000) for value in ("event_id", "name")]
            return DocumentProgram(
                self.worker,
                ProgramName("DISTLIB", "ORDENTRY"),
                parameters=given,
                value=order_value,
            )
        return OrderTables(self.worker)

    async def session(self, *frames: Frame, welcome: dict[str, Any] | None = None) -> None:
        """Let the relay prove itself and say these frames; whatever the agent thinks of them."""
        relay, notes = ScriptedRelay(), Notes()
        session = session_of(relay, self.buffer, notes, relay.key.public)
        task = asyncio.create_task(session.serve())
        await relay.welcome(**(welcome or {}))
        for frame in frames:
            await relay.say(frame)
        said = asyncio.create_task(until(lambda: relay.said_everything))
        await asyncio.wait({task, said}, return_when=asyncio.FIRST_COMPLETED)
        for each in (task, said):
            each.cancel()
        await asyncio.gather(task, said, return_exceptions=True)

    async def deliver(self, count: int) -> list[tuple[str, str]]:
        """Apply until so many reports were written; return their (event id, outcome)."""
        task = asyncio.create_task(self.delivery.run())
        await until(lambda: len(self.reports()) >= count)
        self.delivery.stop()
        await task
        return self.reports()

    def reports(self) -> list[tuple[str, str]]:
        rows = self.buffer.unsent("results", after=0, rows=10_000, most=1 << 30).result()
        return [(body.event_id, body.outcome) for body in (decode(row.text).body for row in rows)]  # type: ignore[union-attr]

    async def close(self) -> None:
        await self.worker.close()
        self.buffer.close()

    def check(self, poison: str) -> None:
        """Hold everything that reached the connection against the driver's own statements."""
        known = templates()
        for sql, parameters in self.raw.log:
            if sql in ("COMMIT", "ROLLBACK", "CLOSE"):
                continue
            assert any(each.fullmatch(sql) for each in known), sql
            assert poison not in sql
            assert sql.count("?") == len(parameters)
            assert {name for name in re.findall(r"\b([A-Z0-9]+)\.[A-Z]", sql)} <= ALLOWED, sql
            if "QCMDEXC" in sql:
                assert parameters[0] in OURS


@pytest.fixture(params=["order_tables", "data_queue", "program_call"])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    made = House(tmp_path, request.param, monkeypatch)
    yield made
    asyncio.run(made.close())


def data(events: Sequence[Event], *, stream: str = "orders", first: int = 1) -> Data:
    rows = tuple((event.id, event.entity, event.key, encode(event)) for event in events)
    return Data(stream, THEIRS, first, rows)


def down(*names: str) -> dict[str, Any]:
    """Welcome with these down streams."""
    return {"positions": tuple(Position(name, "down", THEIRS, 0, "") for name in names)}


def carries(parameter: object, poison: str) -> bool:
    """Tell whether a parameter holds the text, plain or inside a JSON document."""
    text = parameter.decode() if isinstance(parameter, bytes) else str(parameter)
    return poison in text or json.dumps(poison)[1:-1] in text


def event(number: int, body: Body, poison: str) -> Event:
    now = SystemClock().now()
    return Event(f"{poison[:20]} {number}", poison, poison, now, body, poison)


@pytest.mark.parametrize("poison", POISONS)
def test_an_order_with_a_statement_in_any_text_is_data_and_nothing_else(
    house: House, poison: str
) -> None:
    """Each text of an order by itself, so that the others pass every check before the tables."""
    orders = list(variants(sample_order(1), poison))
    events = [event(n, order, poison) for n, order in enumerate(orders)]

    async def story() -> None:
        await house.session(data(events), welcome=down("orders"))
        outcomes = await house.deliver(len(events))
        assert "written" in {outcome for _, outcome in outcomes}

    asyncio.run(story())
    house.check(poison)
    assert any(carries(each, poison) for _, parameters in house.raw.log for each in parameters)


@pytest.mark.parametrize("poison", POISONS)
def test_every_kind_of_document_is_refused_or_written_with_markers(
    house: House, poison: str
) -> None:
    """Facts, reports, heartbeats, totals: whatever the codec knows, in both down streams."""
    bodies = [poisoned(kind, poison) for kind in get_args(Body)]
    events = [event(n, body, poison) for n, body in enumerate(bodies)]

    async def story() -> None:
        for stream in ("orders", "commands"):
            own = [replace(each, id=f"{stream} {each.id}") for each in events]
            await house.session(data(own, stream=stream), welcome=down("orders", "commands"))
        await house.deliver(2 * len(events))

    asyncio.run(story())
    house.check(poison)


@pytest.mark.parametrize("poison", POISONS)
def test_documents_nobody_knows_are_refused_by_name(house: House, poison: str) -> None:
    """A command, a SELECT, a setting, a policy: there is no such document."""
    good = json.loads(encode(event(1, sample_order(1), poison)))
    texts = [
        json.dumps({**good, "entity": entity, "body": {"sql": poison, "command": poison}})
        for entity in ("sql", "command", "select", "policy", "config", "program", "journal")
    ]
    texts += [
        json.dumps({**good, "body": {**good["body"], "sql": poison}}),
        json.dumps({**good, "sql": poison}),
        json.dumps({**good, "v": poison}),
        poison,
    ]
    rows = tuple((f"e{n}", poison, poison, text) for n, text in enumerate(texts))

    async def story() -> None:
        frame = Data("orders", THEIRS, 1, rows)
        await house.session(frame, welcome=down("orders"))
        outcomes = await house.deliver(len(rows))
        assert {outcome for _, outcome in outcomes} == {"refused"}

    asyncio.run(story())
    assert house.raw.log == []


@pytest.mark.parametrize("kind", get_args(Frame), ids=lambda kind: kind.__name__)
def test_no_frame_reaches_the_ibmi(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    """Each kind of frame with each poison in all its texts, after a welcome and as the welcome."""
    house = House(tmp_path, "order_tables", monkeypatch)

    async def story() -> None:
        for poison in POISONS:
            frame = poisoned(kind, poison)
            await house.session(frame)
            if kind is Welcome:
                values = {each: getattr(frame, each) for each in ("positions", "limits")}
                await house.session(welcome=values)
        task = asyncio.create_task(house.delivery.run())
        await until(lambda: bool(house.delivery._pace.rests))  # type: ignore[attr-defined]
        house.delivery.stop()
        await task
        await house.close()

    asyncio.run(story())
    assert house.raw.log == []


def test_the_check_would_find_text_in_a_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The net has no hole: a pasted value, a command from outside, another library are seen."""
    house = House(tmp_path, "order_tables", monkeypatch)
    paste = f"INSERT INTO TOWLINE.WEBORDH (NAME) VALUES ('{POISONS[0]}')"
    asyncio.run(house.close())
    for sql, parameters in (
        (paste, ()),
        ("CALL QSYS2.QCMDEXC(?)", (POISONS[4],)),
        ("INSERT INTO PAYROLL.SALARY (NAME) VALUES (?)", ("x",)),
    ):
        house.raw.log = [(sql, parameters)]
        with pytest.raises(AssertionError):
            house.check(POISONS[0])


def test_a_name_that_is_none_never_becomes_part_of_a_statement() -> None:
    """The one way text gets into a statement takes system names only."""
    from towline_agent.ibmi.odbc.statements import named

    for poison in POISONS:
        with pytest.raises(Misuse):
            named("TOWLINE", poison)
