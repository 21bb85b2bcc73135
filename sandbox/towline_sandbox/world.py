"""One sandbox on disk: its folder, ports, secrets and settings files.

Everything a run needs stands in one folder, so that deleting it starts afresh and a copy of it is a
picture of the whole. The relay and the agent get settings files as a customer would write them.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from towline_sandbox.site import copy_rules, rules, simulated_table, write_site
from towline_shared.errors import Misconfigured

__all__ = ["ENGINES", "SAFETY", "SHOP_DOMAIN", "TENANT", "WAREHOUSES", "World"]

TENANT = "nordwind"
SHOP_DOMAIN = "nordwind-demo.myshopify.com"
#: Location in the shop by warehouse of the ERP, as rules/towline.toml says too.
WAREHOUSES = {"001": "Berlin warehouse", "002": "Hamburg warehouse"}
#: Pieces of each item that a warehouse keeps back, as the rules say.
SAFETY = {"002": 2}
_FILE = "world.json"
_PORTS = ("ibmi", "odbc", "shopify", "relay", "link", "health")
ENGINES = ("simulated", "odbc")


@dataclass(frozen=True)
class World:
    """A sandbox's folder and what stands fixed in it.

    Attributes:
        ports: loopback ports by name: ibmi (its console, and the simulated one's jobs), odbc (the
            lab's), shopify, relay, health, and link, the wire to cut.
        token: the Admin API token of the simulated shop.
        webhook_secret: what it signs webhooks with.
        pace: factor on the waiting times of the ERP's programs; smaller is faster.
        engine: what plays the IBM i: ``simulated``, or ``odbc``, the ODBC lab.
        currency: of the price file and of the shop.
    """

    folder: Path
    items: int
    seed: int
    pace: float
    ports: dict[str, int]
    token: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    engine: str = "simulated"
    currency: str = "EUR"

    @classmethod
    def make(
        cls,
        folder: Path,
        *,
        items: int,
        seed: int,
        pace: float,
        engine: str = "simulated",
        currency: str = "EUR",
    ) -> World:
        """Create a new sandbox in an empty or absent folder and write its settings files.

        Raises:
            Misconfigured: the ODBC lab is wanted and not here.
        """
        ports = _free_ports()
        ibmi_table = _ibmi_table(engine, ports)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        world = cls(
            folder=folder.resolve(),
            items=items,
            seed=seed,
            pace=pace,
            ports=ports,
            engine=engine,
            currency=currency,
            token="shpat_" + secrets.token_hex(16),
            webhook_secret=secrets.token_hex(32),
        )
        for part in ("logs", "relay", "agent"):
            (folder / part).mkdir(exist_ok=True)
        facts = asdict(world)
        facts["folder"] = ""
        _write_secret(folder / _FILE, json.dumps(facts))
        world._write_relay()
        world._write_agent(ibmi_table)
        return world

    @classmethod
    def open(cls, folder: Path) -> World | None:
        """Return the sandbox of a folder, or None when there is none.

        Raises:
            Misconfigured: there is something else, or a sandbox of another release.
        """
        path = folder / _FILE
        if not path.exists():
            if folder.exists() and any(folder.iterdir()):
                raise Misconfigured(
                    f"{folder} holds something that is not a sandbox.",
                    hint="Name another folder with --state, or empty this one.",
                )
            return None
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**facts, "folder": folder.resolve()})
        except (ValueError, TypeError):
            raise Misconfigured(
                f"{path} is of another release.", hint=f"Delete {folder} and start afresh."
            ) from None

    # -- where things are -------------------------------------------------------------------------

    @property
    def ibmi_file(self) -> Path:
        """The simulated IBM i's state; of the lab, what it saved of both libraries at the end."""
        return self.folder / "ibmi.db"

    @property
    def ibmi_state(self) -> Path:
        """Where the stand-in keeps its own: the file, or the lab's folder."""
        return self.ibmi_file if self.engine == "simulated" else self.folder / "ibmi"

    @property
    def shop_file(self) -> Path:
        """The simulated shop's state."""
        return self.folder / "shop.db"

    @property
    def relay_file(self) -> Path:
        """The relay's store."""
        return self.folder / "relay" / "state" / "relay.db"

    @property
    def relay_config(self) -> Path:
        """relay.toml."""
        return self.folder / "relay" / "relay.toml"

    @property
    def agent_config(self) -> Path:
        """agent.toml."""
        return self.folder / "agent" / "agent.toml"

    @property
    def logs(self) -> Path:
        """Output of the programs."""
        return self.folder / "logs"

    @property
    def admin_token(self) -> str:
        """The operator's token, once the relay has made it."""
        path = self.folder / "relay" / "state" / "admin.token"
        return path.read_text(encoding="utf-8").strip()

    @property
    def enrolled(self) -> bool:
        """Tell whether the agent has its identity."""
        return (self.folder / "agent" / "state" / "identity.json").exists()

    def url(self, name: str) -> str:
        """Return the address of a part."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the folder to this process; the system lets go of it however the process ends.

        Raises:
            Misconfigured: another sandbox runs in the folder.
        """
        lock = sqlite3.connect(self.folder / "lock", isolation_level=None, timeout=0)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            lock.close()
            raise Misconfigured(
                f"Another sandbox runs in {self.folder}.",
                hint="End it first, or name another folder with --state.",
            ) from None
        try:
            yield
        finally:
            lock.close()

    # -- settings files ---------------------------------------------------------------------------

    def _write_relay(self) -> None:
        folder = self.folder / "relay"
        _write_secret(folder / "shop.token", self.token + "\n")
        _write_secret(folder / "shop.secrets", self.webhook_secret + "\n")
        copy_rules(folder, only=("towline.toml", "lookups"))
        if self.currency != "EUR":  # a price list's currency is said in the rules
            path = folder / "towline.toml"
            said = path.read_text(encoding="utf-8").replace('"EUR"', json.dumps(self.currency))
            path.write_text(said, encoding="utf-8")
        text = (rules() / "relay.toml").read_text(encoding="utf-8")
        (folder / "relay.toml").write_text(
            text.format(
                port=self.ports["relay"],
                tenant=TENANT,
                shop=SHOP_DOMAIN,
                shop_url=self.url("shopify"),
            ),
            encoding="utf-8",
        )

    def _write_agent(self, ibmi_table: str) -> None:
        write_site(
            self.folder / "agent",
            ibmi_table=ibmi_table,
            relay_url=f"ws://127.0.0.1:{self.ports['link']}/link",
            health_port=self.ports["health"],
        )


def _ibmi_table(engine: str, ports: Mapping[str, int]) -> str:
    """Return the ``[ibmi]`` table of agent.toml."""
    if engine == "simulated":
        return simulated_table(f"127.0.0.1:{ports['ibmi']}")
    from towline_sandbox.odbc.power import target  # only here is pyodbc needed

    return (
        'driver = "odbc"\nuser = "TWAGENT"\npassword_file = "../ibmi/twagent.password"\n'
        f"connection_string = {json.dumps(target(ports['odbc']))}"
    )


def _free_ports() -> dict[str, int]:
    """Ask the system for ports that are free now, all of them at once so that none comes twice."""
    sockets = [socket.socket() for _ in _PORTS]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in zip(_PORTS, sockets, strict=True)}
    finally:
        for each in sockets:
            each.close()


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
