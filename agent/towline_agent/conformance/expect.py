"""How a check says what it saw: no bare assert, which ``python -O`` would take away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from towline_shared.errors import TowlineError

__all__ = ["PATIENCE_S", "Background", "CheckFailed", "Hanging", "expect", "fails", "same"]

PATIENCE_S = 30.0
"""How long a check waits for what must come; a busy partition is not a broken driver."""

_SHOWN = 200

E = TypeVar("E", bound=TowlineError)
T = TypeVar("T")


class CheckFailed(TowlineError):
    """The driver does not do what the port promises; one sentence says what was seen."""


class Hanging(CheckFailed):
    """A call did not come back; its thread is left behind."""


def expect(condition: bool, sentence: str) -> None:
    """Fail with the sentence unless the condition holds."""
    if not condition:
        raise CheckFailed(sentence)


def same(found: object, wanted: object, what: str) -> None:
    """Fail unless two values are equal; ``what`` begins the sentence."""
    if found != wanted:
        raise CheckFailed(f"{what}: found {_shown(found)}, expected {_shown(wanted)}.")


def fails(kind: type[E], act: Callable[[], object], what: str, *, naming: str = "") -> E:
    """Run something that must fail, and return its error.

    Args:
        kind: the error it must raise; another one of Towline's is a failed check, and anything
            else a bug of the driver that passes through.
        naming: what the error's sentence must name, so that a person knows where to look.
    """
    try:
        came = act()
    except kind as error:
        expect(naming in str(error), f"{what}: the error does not name {naming}: {error}")
        return error
    except TowlineError as error:
        raise CheckFailed(
            f"{what}: came as {type(error).__name__}, expected {kind.__name__}: {error}"
        ) from error
    raise CheckFailed(f"{what}: no error came but {_shown(came)}; expected {kind.__name__}.")


class Background(Generic[T]):
    """Something that blocks, in a thread of its own while the check goes on."""

    def __init__(self, act: Callable[[], T]) -> None:
        self._act = act
        self._came: list[T] = []
        self._error: BaseException | None = None
        # A daemon: what hangs for ever must not keep the kit from ending.
        self._thread = threading.Thread(target=self._run, name="conformance", daemon=True)
        self._thread.start()

    def result(self, what: str, *, within_s: float = PATIENCE_S) -> T:
        """Wait for the end and return what came; its error is raised here."""
        self._thread.join(within_s)
        if self._thread.is_alive():
            raise Hanging(f"{what}: still hanging after {within_s:.0f} s.")
        if self._error is not None:
            raise self._error
        return self._came[0]

    def _run(self) -> None:
        try:
            self._came.append(self._act())
        except BaseException as error:
            self._error = error


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
