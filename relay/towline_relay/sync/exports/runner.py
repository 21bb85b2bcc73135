"""Exports moved on: the thin shell around :mod:`towline_relay.sync.exports.machine`.

Keeps nothing that the store does not hold, so that any process goes on where the last one ended:
between two lines it downloads the result again and passes over the lines that are taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import structlog

from towline_relay.shopify.bulk import BulkState
from towline_relay.shopify.bulk_files import ResultGone
from towline_relay.shopify.exports import Asked, ExportLine, read_export_line
from towline_relay.store.export_book import ExportBook
from towline_relay.store.exports import Export, ExportEffects, Overtaken
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.port import BulkPort
from towline_relay.sync.bulk.slots import Slots
from towline_relay.sync.exports import machine
from towline_relay.sync.exports.machine import Do
from towline_relay.sync.exports.takers import Taker
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Refused, Retryable, TowlineError
from towline_shared.health import Check, Status

__all__ = ["Exports"]

_log = structlog.get_logger()
_CHUNK = 500  # lines of one commit
_MOST_JOINED = 5000  # lines of one object with its children: a product has at most 2,048 variants
_STARTED = ("starting", "running")


@dataclass
class Exports:
    """The exports of one tenant.

    Attributes:
        takers: by purpose.
        open: some may be under way; false once a look has shown that none is.
        patience_s: between two steps of one who waits for an end.
        nudge: called when lines gave rise to something new, and at an end.
    """

    tenant: str
    book: ExportBook
    shop: BulkPort
    clock: Clock
    judge: Judge
    slots: Slots
    takers: Mapping[str, Taker] = field(default_factory=dict)
    _at_shopify: int = 0
    open: bool = True
    patience_s: float = 0.5
    nudge: Callable[[], None] = lambda: None
    _fresh: set[str] = field(default_factory=set)  # marks that can't have been sent before
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _rung: set[str] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _shown: tuple[Export, ...] = ()
    _failed: dict[str, Export] = field(default_factory=dict)  # by purpose, since this start

    async def begin(
        self, purpose: str, asked: Asked, facts: Mapping[str, Any] | None = None
    ) -> Export:
        """Begin to read; an open export of the same purpose goes on instead. Idempotent."""
        now = self.clock.now()
        export = Export(
            id=f"towline_{secrets.token_hex(10)}",
            tenant=self.tenant,
            purpose=purpose,
            what=asked.what,
            since=asked.since,
            facts=json.dumps(dict(facts or {})),
            opened_at=now,
            changed_at=now,
        )
        begun = await self.book.begin(export)
        self.open = True
        return begun

    async def last(self, purpose: str) -> Export | None:
        """Return the newest export of a purpose; None when there never was one."""
        return await self.book.last(self.tenant, purpose)

    async def under_way(self, purpose: str) -> bool:
        """Tell whether an export of a purpose is open."""
        last = await self.book.last(self.tenant, purpose)
        return last is not None and not last.over

    async def may_begin(self, purpose: str) -> bool:
        """Tell whether a purpose may be read in bulk: it did not just fail."""
        until = machine.rested_until(await self.book.last(self.tenant, purpose))
        return until is None or until <= self.clock.now()

    async def outcome(self, export: Export) -> Export:
        """Move an export on until its end, beside whoever else steps; for one who waits for it."""
        while True:
            ended = self._over
            last = await self.last(export.purpose)
            if last is None or last.id != export.id:
                return export
            if last.over:
                return last
            if not await self.step():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.patience_s):
                        await ended.wait()

    def ring(self, gid: str) -> None:
        """Take in a webhook that says an operation is over: it is looked at next."""
        self._rung.add(gid)

    async def step(self) -> bool:
        """Move every open export on that is due; true when something was done."""
        if not self.open:
            return False
        async with self._one_at_a_time:
            found = await self.book.under_way(self.tenant)
            self.open, self._shown = bool(found), tuple(found)
            self._at_shopify = sum(each.state in _STARTED for each in found)
            self.slots.take("exports", self._at_shopify)
            rung, self._rung = self._rung, set()
            worked = False
            for export in found:
                worked |= await self._one(export, rung)
            return worked

    async def _one(self, export: Export, rung: set[str]) -> bool:
        now = self.clock.now()
        doing = machine.due(export, now)
        if export.state == "running" and export.gid in rung:
            doing = Do.LOOK
        if doing is Do.NOTHING:
            return False
        if export.state == "planned":
            if not self.slots.free("exports", self._at_shopify):
                return False
            self._at_shopify += 1
        try:
            await self._do(doing, export)
        except Overtaken as error:
            _log.info("an export is moved on elsewhere", action="export.overtaken", why=error.what)
        return True

    async def _do(self, doing: Do, export: Export) -> None:
        """Do one step; an error becomes a step of its own, from wherever the lines have come to."""
        try:
            if doing is Do.START:
                await self._start(export)
            elif doing is Do.LOOK:
                await self._look(export)
            else:
                await self._read(export)
        except Overtaken:
            raise
        except ResultGone as error:
            export = await self._current(export)
            await self._again(export, machine.asked_anew(export, error.what, self.clock.now()))
        except Retryable as error:
            await self._put_off(await self._current(export), error)
        except TowlineError as error:
            export = await self._current(export)
            await self._again(export, machine.given_up(export, error.what, self.clock.now()))
        except Exception as error:
            # nobody raised it on purpose; without an end it would be met again at every step
            _log.exception("an export met a fault of ours", action="export.fault", id=export.id)
            export = await self._current(export)
            reason = f"A fault of Towline, or a line not as asked for ({type(error).__name__})."
            await self._again(export, machine.given_up(export, reason, self.clock.now()))

    async def _current(self, export: Export) -> Export:
        last = await self.book.last(self.tenant, export.purpose)
        if last is None or last.id != export.id or last.over:
            raise Overtaken(f"The export {export.id} is over.")
        return last

    async def _start(self, export: Export) -> None:
        if export.state == "planned":
            export = await self.book.advance(export, machine.starting(export))
            self._fresh.add(export.mark)
        gid = ""
        if export.mark not in self._fresh:
            gid = await self.shop.find(export.mark, since=export.opened_at)
        self._fresh.discard(export.mark)  # whatever happens now: the next one must look first
        asked = Asked(export.what, export.since)
        gid = gid or await self.shop.export(asked, mark=export.mark)
        await self.book.advance(export, machine.started(export, gid, self.clock.now()))
        _log.info("export started", action="export.started", purpose=export.purpose)

    async def _look(self, export: Export) -> None:
        state = await self.shop.state(export.gid)
        now = self.clock.now()
        if state is None:
            await self._again(export, machine.vanished(export, now))
            return
        if not state.over and machine.hangs(export, now):
            with contextlib.suppress(Refused):  # it has just ended
                await self.shop.cancel(export.gid)
            _log.warning("an export hangs and is cancelled", action="export.hangs", id=export.id)
        await self._again(export, machine.looked(export, state, now))

    async def _read(self, export: Export) -> None:
        state = await self.shop.state(export.gid)
        if state is None or not state.completed:
            now = self.clock.now()
            gone = machine.vanished(export, now)
            await self._again(export, gone if state is None else machine.looked(export, state, now))
            return
        taker = self.takers.get(export.purpose)
        if taker is None:
            raise Permanent("The rules no longer keep in step what this export was for.")
        grouped = Asked(export.what).grouped
        async with aclosing(cast(Any, self._lines(state, export.lines))) as lines:
            async for chunk in _chunks(lines, grouped=grouped):
                taken = await taker.take(export, chunk)
                roots = sum(line.root for line in chunk)
                new = machine.took(
                    export, lines=len(chunk), roots=roots, tally=taken.tally or export.tally
                )
                before = export.news
                export = await self.book.advance(export, new, taken.effects)
                if export.news > before:
                    self.nudge()
        ended = machine.ended(export, state, self.clock.now())
        if ended.state != "done":
            await self._again(export, ended)
            return
        taken = await taker.finish(export)
        tally = taken.tally or export.tally
        done = machine.took(ended, lines=0, roots=0, tally=tally)
        await self._close(await self.book.advance(export, done, taken.effects))

    async def _lines(self, state: BulkState, passed: int) -> AsyncIterator[ExportLine]:
        """Yield the lines behind those that were taken."""
        if not state.url:
            return
        count = 0
        async with aclosing(cast(Any, self.shop.lines(state.url))) as lines:
            async for line in lines:
                count += 1
                if count > passed:
                    yield read_export_line(line)

    async def _again(self, old: Export, new: Export) -> None:
        """Write a step down; what was met is forgotten when Shopify is asked anew."""
        anew = new.asked != old.asked
        if anew or new.state == "failed":
            _log.warning(
                "an export did not come to its end",
                action="export.broken",
                purpose=old.purpose,
                asked=old.asked,
                reason=new.reason,
            )
        made = await self.book.advance(old, new, ExportEffects(forget_met=anew))
        if made.over:
            await self._close(made)

    async def _put_off(self, export: Export, error: Retryable) -> None:
        wait_s = self.judge.backoff.delay_s(
            export.attempts, rng=self.judge.rng, least_s=error.retry_after_s
        )
        now = self.clock.now()
        due_at = now + timedelta(seconds=wait_s)
        await self._again(export, machine.put_off(export, error.what, due_at, now))

    async def _close(self, export: Export) -> None:
        _log.info(
            "export over",
            action="export.over",
            purpose=export.purpose,
            state=export.state,
            lines=export.lines,
            news=export.news,
        )
        self._failed.pop(export.purpose, None)
        if export.state == "failed":
            self._failed[export.purpose] = export
        ended, self._over = self._over, asyncio.Event()
        ended.set()
        self.nudge()

    def check(self) -> Check | None:
        """Tell how exports are doing; None while there are none."""
        name, now = f"exports {self.tenant}", self.clock.now()
        for export in self._failed.values():
            until = machine.rested_until(export)
            if until is not None and until > now:
                words = f"The export for {export.purpose} was given up. {export.reason}"
                hint = "What it was for goes by pages for an hour; then it is asked for again."
                return Check(name, Status.WARNING, export.changed_at, words, hint)
        for export in self._shown:
            if export.reason:
                words = f"The export for {export.purpose} is put off. {export.reason}"
                hint = "It is asked for again by itself, three times in all."
                return Check(name, Status.WARNING, export.opened_at, words, hint)
        if not self._shown:
            return None
        shown = ", ".join(f"{each.purpose} {each.state}" for each in self._shown)
        return Check(name, Status.OK, now, f"Read in bulk: {shown}.")


async def _chunks(
    lines: AsyncIterator[ExportLine], *, grouped: bool
) -> AsyncIterator[list[ExportLine]]:
    """Yield some lines at a time; with ``grouped`` no object is parted from its children."""
    chunk: list[ExportLine] = []
    async for line in lines:
        if len(chunk) >= _CHUNK and (line.root or not grouped):
            yield chunk
            chunk = []
        if len(chunk) >= _MOST_JOINED:
            raise Permanent(f"An object of Shopify's export has over {_MOST_JOINED} children.")
        chunk.append(line)
    if chunk:
        yield chunk
