"""What a simulated IBM i is started with."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BENCH", "IbmISettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IbmISettings:
    """Size, identity and pace of the partition.

    Attributes:
        items: rows of the item master in a new file; an existing file keeps what it has.
        seed: makes the data and the programs' choices repeatable.
        currency: of the price file in a new file.
        port: 0 takes a free one; always on loopback unless ``host`` says otherwise.
        user: profile the agent's jobs run under.
        withheld: objects (``LIB/OBJ``) the profile has no authority to: SQL0551 and a sentence in
            ``describe().missing``.
        utc_offset_h: the partition's local time (QUTCOFFSET); timestamps of Db2 carry no zone.
        erp_delay_s: how long order entry takes over one order.
        ship_delay_s: from acceptance to the first parcel; ``second_parcel_delay_s`` on top of it.
        split_share: share of orders that leave in two parcels.
        waitrcd_s: how long a write waits for a locked record (WAITRCD of the file).
        commit_delay_s: ERP programs hold their unit of work open that long before COMMIT, so that
            the doorbell rings visibly before the outbox row can be read.
        programs: start order entry and warehouse with the server.
        look_s: how often they look for work by themselves, as with DLYJOB in a loop; None where a
            write of the agent wakes them.
        journal: journal the files of DISTLIB; each write then costs an image or two.
        triggers: let the triggers on DISTLIB feed the outbox; False where a site forbids them.
    """

    items: int = 2000
    seed: int = 7
    currency: str = "EUR"
    host: str = "127.0.0.1"
    port: int = 0
    system_name: str = "NORDWIND"
    serial: str = "78A1B2C"
    partition: str = "1"
    rdb: str = "NORDWIND"
    release: str = "V7R5M0"
    user: str = "TWAGENT"
    ccsid: int = 37
    withheld: tuple[str, ...] = ()
    utc_offset_h: float = 1.0
    erp_delay_s: float = 0.4
    ship_delay_s: float = 2.0
    second_parcel_delay_s: float = 1.0
    split_share: float = 0.2
    waitrcd_s: float = 0.5
    commit_delay_s: float = 0.0
    programs: bool = True
    look_s: float | None = None
    journal: bool = False
    triggers: bool = True


#: The partition of the conformance kit: small, journaled, and no program acts by itself.
BENCH = IbmISettings(items=150, waitrcd_s=0.05, programs=False, journal=True)
