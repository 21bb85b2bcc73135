"""The ERP's never-ending programs, started and ended together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from towline_sandbox.ibmi.company_entry import CompanyEntry
from towline_sandbox.ibmi.order_entry import OrderEntry
from towline_sandbox.ibmi.programs import Program
from towline_sandbox.ibmi.warehouse import Warehouse

if TYPE_CHECKING:
    from towline_sandbox.ibmi.erp import Partition

__all__ = ["Subsystem"]


class Subsystem:
    """ORDENTRY, BUSENTRY and WHSHIP on a partition.

    Attributes:
        programs: by name; their ``state`` is what a work-with-jobs display would show.
    """

    def __init__(self, system: Partition) -> None:
        self.order_entry = OrderEntry(system)
        self.warehouse = Warehouse(system)
        self.company_entry = CompanyEntry(system)
        self.programs = {
            "ORDENTRY": Program("ORDENTRY", self.order_entry.run_next),
            "WHSHIP": Program("WHSHIP", self.warehouse.run_next),
            "BUSENTRY": Program("BUSENTRY", self.company_entry.run_next),
        }

    def start(self) -> None:
        """Start order entry, company entry and warehouse."""
        for program in self.programs.values():
            program.start()

    def stop(self) -> None:
        """End them after the order they are at; new orders wait with STATUS N."""
        for program in self.programs.values():
            program.stop()

    def wake(self) -> None:
        """Tell the programs that there may be work."""
        for program in self.programs.values():
            program.wake()
