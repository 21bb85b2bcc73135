"""The system console: every control verb of the stand-in, by name.

The stage, tests and the fault desk call these; the agent never does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from towline_agent.ibmi.catalogue import FileLayout
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.erp import Machine, UnitOfWork, Where
from towline_sandbox.ibmi.green_screen import GreenScreen
from towline_sandbox.ibmi.programs import Program
from towline_sandbox.ibmi.save import save
from towline_sandbox.ibmi.towline_files import layout
from towline_shared.errors import Permanent
from towline_shared.events import Scalar

__all__ = ["ConsoleVerbs"]

Verb = Callable[..., Any]


class ConsoleVerbs:
    """All control verbs; arguments by name, results plain data with Decimals."""

    def __init__(self, system: Machine) -> None:
        self._system = system
        self._units: dict[str, UnitOfWork] = {}
        screen = GreenScreen(system)
        own = (
            self.status, self.outbox, self.queue, self.messages, self.send_raw, self.lock_record,
            self.unlock_record, self.unlock_all, self.end_subsystem, self.start_subsystem,
            self.stop_programs, self.start_programs, self.end_program, self.start_program,
            self.run_order_entry, self.run_warehouse,
            self.begin, self.insert, self.update, self.delete, self.commit, self.rollback,
            self.spoil, self.set_data_area, self.set_active_jobs, self.shop_products, self.traps,
            self.save,
        )  # fmt: skip
        theirs = (
            screen.items, screen.items_before, screen.item, screen.web_orders, screen.shipments,
            screen.change_price, screen.change_stock, screen.change_item, screen.price_run,
            screen.send_queue_price, screen.change_place,
        )  # fmt: skip
        verbs: tuple[Verb, ...] = (*own, *theirs, *system.own_verbs())
        self._verbs: Mapping[str, Verb] = {verb.__name__: verb for verb in verbs}

    def call(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        """Call a verb.

        Raises:
            Permanent: no such verb, or arguments it does not take.
        """
        found = self._verbs.get(verb)
        if found is None:
            raise Permanent(
                f"The console has no verb {verb!r}.", hint=f"It has {', '.join(self._verbs)}."
            )
        try:
            inspect.signature(found).bind(**arguments)
        except TypeError as error:
            raise Permanent(f"The verb {verb} can't be called so: {error}.") from None
        return found(**arguments)

    def status(self) -> dict[str, Any]:
        """Return all figures the stage shows."""
        system = self._system
        figures, programs = system.figures(), system.subsystem.programs
        states = {name: program.state for name, program in programs.items()}
        return {
            "system": system.settings.system_name,
            "state": "restricted" if system.restricted else "up",
            **{name: system.count(file, *where) for name, file, *where in _COUNTS},
            **figures._asdict(),
            "locked": system.held(),
            "program": f"ORDENTRY {states['ORDENTRY']}",
            "programs": states,
            "jobs": system.jobs(),
        }

    def outbox(self, count: int = 20) -> list[dict[str, Any]]:
        """Return the oldest outbox rows."""
        return [dict(row) for row in self._system.select(_OUTBOX, order=("ID",), most=count)]

    def queue(self, name: str = "TOWLINE/WEBPRICE") -> dict[str, Any]:
        """Return a data queue's figures and its first entries."""
        info = self._system.queues.info(name)
        first = [entry.data.hex().upper() for entry in self._system.queues.peek(name, limit=10)]
        return {
            "entries": info.entries,
            "most": info.most,
            "max_length": info.max_length,
            "sequence": info.sequence,
            "first": first,
        }

    def messages(self, count: int = 20) -> list[dict[str, Any]]:
        """Return the operator's newest messages."""
        return [dict(message) for message in self._system.messages.newest(count)]

    def send_raw(self, queue: str, data: str, key: str = "") -> dict[str, Any]:
        """Send bytes, given as hex, to a data queue."""
        self._system.queues.send(
            queue, bytes.fromhex(data), key=bytes.fromhex(key), sender="048212/MWEBER/QPADEV0003"
        )
        return {"entries": self._system.queues.info(queue).entries}

    def lock_record(
        self,
        file: str = "DISTLIB/ITMPRC",
        key: Sequence[str] = (),
        seconds: float | None = None,
        user: str = "KESSLER",
        job: str = "QPADEV0007",
    ) -> dict[str, Any]:
        """Hold a record, or with an empty key the whole file; reads go on."""
        shape = layout_of(file)
        if key and len(key) != len(shape.key):
            raise Permanent(f"The key of {file} is {', '.join(shape.key)}.")
        name = [part.rstrip() for part in key]
        holder = f"048233/{user}/{job}"
        return {"sentence": self._system.hold(file, name, job=holder, seconds=seconds)}

    def unlock_record(self, file: str, key: Sequence[str] = ()) -> dict[str, Any]:
        """Let a record go."""
        released = self._system.release(file, [part.rstrip() for part in key])
        self._system.programs_wake()
        return {"released": released}

    def unlock_all(self) -> dict[str, Any]:
        """Let everything go."""
        self._system.release_all()
        self._system.programs_wake()
        return {}

    def end_subsystem(self) -> dict[str, Any]:
        """Enter restricted state: jobs end, connecting is refused."""
        self._system.end_subsystem()
        return {}

    def start_subsystem(self) -> dict[str, Any]:
        """Leave restricted state."""
        self._system.start_subsystem()
        return {}

    def end_program(self, name: str) -> dict[str, Any]:
        """End one program, ORDENTRY or WHSHIP, after the order it is at."""
        self._program(name).stop()
        return {}

    def start_program(self, name: str) -> dict[str, Any]:
        """Start one program."""
        self._program(name).start()
        return {}

    def _program(self, name: str) -> Program:
        found = self._system.subsystem.programs.get(name)
        if found is None:
            raise Permanent(f"The subsystem has no program {name}.")
        return found

    def stop_programs(self) -> dict[str, Any]:
        """Stop ORDENTRY and WHSHIP."""
        self._system.subsystem.stop()
        return {}

    def start_programs(self) -> dict[str, Any]:
        """Start ORDENTRY and WHSHIP."""
        self._system.subsystem.start()
        return {}

    def run_order_entry(self) -> dict[str, Any]:
        """Decide all new orders now."""
        return {"decided": self._system.subsystem.order_entry.run_once()}

    def run_warehouse(self) -> dict[str, Any]:
        """Ship everything open now."""
        return {"shipments": self._system.subsystem.warehouse.run_once()}

    def begin(self, job: str, user: str = "MWEBER") -> dict[str, Any]:
        """Start a unit of work in a named job."""
        if job in self._units:
            raise Permanent(f"Job {job} has an open unit of work.", hint="COMMIT or ROLLBACK it.")
        self._units[job] = self._system.begin(f"048400/{user}/{job}")
        return {"unit": self._units[job].number}

    def insert(self, job: str, file: str, values: Mapping[str, Scalar]) -> dict[str, Any]:
        """Write a record in a job's unit of work."""
        self._unit(job).insert(layout_of(file).object, values)
        return {}

    def update(
        self, job: str, file: str, key: Sequence[Scalar], values: Mapping[str, Scalar]
    ) -> dict[str, Any]:
        """Change a record in a job's unit of work."""
        self._unit(job).update(layout_of(file).object, key, values)
        return {}

    def delete(self, job: str, file: str, key: Sequence[Scalar]) -> dict[str, Any]:
        """Delete a record in a job's unit of work."""
        self._unit(job).delete(layout_of(file).object, key)
        return {}

    def commit(self, job: str) -> dict[str, Any]:
        """Commit a job's unit of work."""
        unit = self._unit(job)
        ids = unit.commit()
        del self._units[job]
        self._system.programs_wake()
        return {"outbox_ids": ids}

    def rollback(self, job: str) -> dict[str, Any]:
        """Roll a job's unit of work back."""
        self._unit(job).rollback()
        del self._units[job]
        return {}

    def spoil(self, file: str, key: Sequence[Scalar], field: str, data: str) -> dict[str, Any]:
        """Put raw bytes, given as hex, into a field; as a bad program does, past all triggers."""
        file = layout_of(file).object
        return {"changed": self._system.spoil(file, key, field, bytes.fromhex(data))}

    def set_data_area(self, name: str, value: str) -> dict[str, Any]:
        """Create or change a character data area ``LIB/NAME``; an empty value deletes it."""
        self._system.set_data_area(name, value)
        return {}

    def set_active_jobs(self, names: Sequence[str]) -> dict[str, Any]:
        """Name the jobs that are active beside our own."""
        self._system.set_active_jobs(names)
        return {}

    def shop_products(self) -> list[dict[str, Any]]:
        """Return what the shop already has, for its seed."""
        return [
            {"sku": p.sku, "title": p.title, "price": p.price, "stock": p.stock}
            for p in self._data().shop_products
        ]

    def traps(self) -> dict[str, str]:
        """Return the items that carry dirt, by kind."""
        return dict(self._data().traps)

    def save(self, file: str) -> dict[str, Any]:
        """Save both libraries to a file of this machine, for the reckoning."""
        return {"records": save(self._system, Path(file))}

    def _data(self) -> Dataset:
        settings = self._system.settings
        return Dataset.generate(settings.items, settings.seed, settings.currency)

    def _unit(self, job: str) -> UnitOfWork:
        unit = self._units.get(job)
        if unit is None:
            raise Permanent(f"Job {job} has no open unit of work.", hint="Call begin first.")
        return unit


_OUTBOX = "TOWLINE/OUTBOX"
_HEADER = "TOWLINE/WEBORDH"
_ORDERS = "DISTLIB/ORDHDR"
_COUNTS: tuple[tuple[str, str, *tuple[Where, ...]], ...] = (
    ("outbox_depth", _OUTBOX),
    ("staged_total", _HEADER),
    ("new_orders", _HEADER, Where("STATUS", "=", "N")),
    ("accepted_total", _HEADER, Where("STATUS", "=", "A")),
    ("refused_total", _HEADER, Where("STATUS", "=", "R")),
    ("shipped_total", _ORDERS, Where("OHSTS", "=", "S")),
    ("unshipped", _ORDERS, Where("OHSTS", "in", ("O", "P", "H"))),
    ("new_changes", "TOWLINE/WEBCHG", Where("STATUS", "=", "N")),
    ("new_companies", "TOWLINE/WEBCOMP", Where("STATUS", "=", "N")),
)


def layout_of(file: str) -> FileLayout:
    """Return a file's layout; Permanent when there is none."""
    try:
        return layout(file)
    except KeyError:
        raise Permanent(f"SQL0204: {file} type *FILE not found.") from None
