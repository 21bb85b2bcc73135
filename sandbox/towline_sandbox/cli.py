"""``towline-sandbox``: run both worlds, or one stand-in alone.

Exit codes: 0 fine, 1 failed, 2 usage, 3 the run found a loss or a difference.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import structlog

from towline_sandbox.faults import process_faults
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.server import serve as serve_ibmi
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.once import open_shop, run_journeys
from towline_sandbox.report import reckon
from towline_sandbox.shopify.server import serve as serve_shop
from towline_sandbox.shopify.settings import (
    DEFAULT_TOPICS,
    SeedPriceList,
    SeedProduct,
    ShopSettings,
    WebhookOdds,
)
from towline_sandbox.signals import until_signalled
from towline_sandbox.stage.serve import serve as serve_stage
from towline_sandbox.stage.settings import StageSettings
from towline_sandbox.whole import Whole
from towline_sandbox.world import ENGINES, SHOP_DOMAIN, World
from towline_shared.errors import Misconfigured, TowlineError

__all__ = ["main"]

_STAGE_PORT = 8460
_ONCE_PACE = 0.05
_SHOW_PACE = 1.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a verb and leave with its exit code."""
    options = _parser().parse_args(arguments)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        sys.exit(int(options.verb(options)))
    except TowlineError as error:
        print(f"Error: {error.what}", file=sys.stderr)
        if error.hint:
            print(f"Try:   {error.hint}", file=sys.stderr)
        sys.exit(2 if isinstance(error, Misconfigured) else 1)
    except OSError as error:
        print(f"Error: {error.strerror or error}", file=sys.stderr)
        print("Try:   Another --port; 0 takes any free one.", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="towline-sandbox",
        description="A simulated IBM i, a simulated Shopify, and Towline between them.",
    )
    verbs = parser.add_subparsers(required=True, metavar="verb")
    run = verbs.add_parser("run", help="everything, with a stage page (or --once with a report)")
    run.set_defaults(verb=_run)
    run.add_argument("--once", action="store_true", help="run both journeys, report, and exit")
    run.add_argument("--items", type=_positive, default=2000, help="items in the ERP")
    run.add_argument("--orders", type=_positive, default=200, help="orders of --once")
    run.add_argument("--seed", type=int, default=7, help="makes data and chance repeatable")
    run.add_argument(
        "--ibmi", choices=ENGINES, help="what plays the IBM i: simulated (default), odbc (the lab)"
    )
    run.add_argument("--faults", action="store_true", help="with --once: kill, cut, lock, throttle")
    run.add_argument("--state", type=Path, help="folder of the sandbox (default .sandbox)")
    run.add_argument("--fresh", action="store_true", help="throw the folder's sandbox away first")
    run.add_argument("--port", type=int, default=_STAGE_PORT, help="of the stage page; 0 = any")
    run.add_argument("--patience", type=_positive, default=600, help="seconds to wait for rest")
    run.add_argument("--json", action="store_true", help="print the report for programs")
    _ibmi_parser(verbs.add_parser("ibmi", help="the simulated IBM i alone"))
    _shop_parser(verbs.add_parser("shopify", help="the simulated Shopify alone"))
    return parser


def _ibmi_parser(ibmi: argparse.ArgumentParser) -> None:
    ibmi.set_defaults(verb=_ibmi)
    ibmi.add_argument("--engine", choices=ENGINES, default="simulated", help="odbc: the ODBC lab")
    ibmi.add_argument(
        "--state", type=Path, help="file, or folder of the lab (default ibmi.db, ibmi)"
    )
    ibmi.add_argument(
        "--port", type=int, default=9471, help="of the console (and of the agent's jobs)"
    )
    ibmi.add_argument("--odbc-port", type=int, default=0, help="of the lab; 0 = any")
    ibmi.add_argument("--items", type=_positive, default=2000)
    ibmi.add_argument("--seed", type=int, default=7)
    ibmi.add_argument("--currency", default="EUR", help="of the price file (ISO 4217)")
    ibmi.add_argument("--pace", type=float, default=1.0, help="factor on the programs' waits")


def _shop_parser(shop: argparse.ArgumentParser) -> None:
    shop.set_defaults(verb=_shop)
    shop.add_argument("--state", type=Path, default=Path("shop.db"))
    shop.add_argument("--port", type=int, default=9480)
    shop.add_argument("--seed", type=int, default=7)
    shop.add_argument("--currency", default="EUR", help="the shop's own (ISO 4217)")
    shop.add_argument("--webhooks", help="where webhooks go, with {shop} and {topic}")
    shop.add_argument("--products", type=Path, help="JSON list of products it starts with")
    shop.add_argument("--topics", help="topics the app subscribed to, with commas (default: all)")
    shop.add_argument("--calm", action="store_true", help="webhooks come once, soon, in order")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not greater than zero")
    return value


# -- verbs ----------------------------------------------------------------------------------------


def _ibmi(options: argparse.Namespace) -> int:
    paced = IbmISettings()
    settings = IbmISettings(
        items=options.items,
        seed=options.seed,
        currency=options.currency,
        port=options.port,
        erp_delay_s=paced.erp_delay_s * options.pace,
        ship_delay_s=paced.ship_delay_s * options.pace,
        second_parcel_delay_s=paced.second_parcel_delay_s * options.pace,
    )
    if options.engine == "odbc":
        from towline_sandbox.odbc.server import OdbcServer  # only here is pyodbc needed

        folder = options.state or Path("ibmi")
        lab = OdbcServer(folder, settings, odbc_port=options.odbc_port)
        serve_ibmi(lab, ready=lambda address: _say(f"{address}\n{lab.way_in}"))
    else:
        serve_ibmi(Server(options.state or Path("ibmi.db"), settings), ready=_say)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _shop(options: argparse.Namespace) -> int:
    products = json.loads(options.products.read_text("utf-8")) if options.products else []
    settings = ShopSettings(
        state=options.state,
        access_token=os.environ.get("TOWLINE_SANDBOX_SHOP_TOKEN", "shpat_sandbox"),
        webhook_secret=os.environ.get("TOWLINE_SANDBOX_WEBHOOK_SECRET", "sandbox-secret"),
        port=options.port,
        shop_domain=SHOP_DOMAIN,
        webhook_base=options.webhooks,
        currency=options.currency,
        seed=options.seed,
        odds=WebhookOdds(late=0, twice=0, lost=0, shuffle_s=0) if options.calm else WebhookOdds(),
        webhook_topics=(tuple(options.topics.split(",")) if options.topics else DEFAULT_TOPICS),
        price_lists=(SeedPriceList(name="Handwerk", currency=options.currency),),
        products=tuple(
            SeedProduct(
                sku=each["sku"],
                title=each["title"],
                price=Decimal(str(each["price"])),
                stock=int(each.get("stock", 0)),
            )
            for each in products
        ),
    )

    async def serve() -> int:
        await serve_shop(settings, ready=_say)
        return 0

    return asyncio.run(until_signalled(serve(), ended=0))


def _run(options: argparse.Namespace) -> int:
    folder: Path = options.state or Path(".sandbox") / ("once" if options.once else "stage")
    old = World.open(folder)
    if (options.fresh or options.once) and old is not None:
        with old.held():
            shutil.rmtree(folder)
    found = World.open(folder)
    world = found or World.make(
        folder,
        items=options.items,
        seed=options.seed,
        pace=_ONCE_PACE if options.once else _SHOW_PACE,
        engine=options.ibmi or ENGINES[0],
    )
    if options.ibmi not in (None, world.engine):
        raise Misconfigured(
            f"The sandbox in {folder} was made with --ibmi {world.engine}.",
            hint="Add --fresh to throw it away, or name another folder with --state.",
        )
    with world.held():
        if options.once:
            return asyncio.run(until_signalled(_once(world, options)))
        return asyncio.run(until_signalled(_show(world, options, new=found is None), ended=0))


async def _once(world: World, options: argparse.Namespace) -> int:
    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    say(f"Both worlds start in {world.folder}.")
    async with Whole(world) as whole:
        journey = await run_journeys(
            whole,
            orders=options.orders,
            faults=options.faults,
            most_s=options.patience,
            say=say,
        )
        restarts = dict(whole.tree.restarts)
        if world.engine != "simulated":
            await whole.erp("save", file=str(world.ibmi_file))
    report = reckon(world, journey, restarts)
    print(report.as_json() if options.json else report.as_text())
    return 0 if report.passed else 3


async def _show(world: World, options: argparse.Namespace, *, new: bool) -> int:
    print(f"Starting a simulated IBM i, a simulated Shopify, relay and agent in {world.folder}.")
    async with Whole(world) as whole:
        settings = StageSettings(
            ibmi_address=f"127.0.0.1:{world.ports['ibmi']}",
            shop_url=world.url("shopify"),
            relay_url=world.url("relay"),
            agent_url=world.url("health"),
            relay_token=world.admin_token,
            actions=process_faults(whole),
            port=options.port,
        )
        opening = asyncio.create_task(open_shop(whole)) if new else None
        try:
            await serve_stage(settings, ready=lambda url: _welcome(url, world))
        finally:
            if opening is not None:
                opening.cancel()
                await asyncio.gather(opening, return_exceptions=True)
    return 0


def _welcome(url: str, world: World) -> None:
    print(f"\n    The stage:     {url}/")
    print(f"    Relay pages:   {world.url('relay')}/admin/events")
    print(f"    Agent health:  {world.url('health')}/")
    print(f"\n    Sign in at the relay with the text of {world.folder}/relay/state/admin.token")
    print("    Ctrl-C ends everything; the same command goes on where it stopped.\n", flush=True)


if __name__ == "__main__":
    main()
