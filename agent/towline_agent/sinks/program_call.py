"""Orders, or their changes, to one of the customer's own programs: positional, typed parameters.

The program keeps all validations in the ERP. Whether a call that broke off had its effect can't be
seen from outside, so the program gets the event id and must treat a known one as done.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal

from towline_agent.config_formats import Parameter
from towline_agent.ibmi.port import Applied, ProgramCall
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.policy import ProgramName
from towline_agent.sinks.documents import change_value, order_value
from towline_shared.errors import Refused
from towline_shared.events import Customer, Event, Scalar

__all__ = ["ChangeProgram", "OrderProgram", "fitted"]

_EXACT = Context(prec=100)


class OrderProgram:
    """Calls the program once for each order."""

    def __init__(
        self, worker: IbmIWorker, program: ProgramName, *, parameters: Sequence[Parameter]
    ) -> None:
        """Use the writing connection."""
        self._worker = worker
        self._program = program
        self._parameters = tuple(parameters)

    async def write(self, event: Event) -> Applied:
        """See :class:`~towline_agent.sinks.base.Sink`; at least once, see the module."""
        if isinstance(event.body, Customer):
            raise Refused(
                f"The order program {self._program} takes orders, not customers.",
                hint='Set down = "never" for customers, or let documents come through tables.',
            )
        values = tuple(fitted(each, order_value(event, each.value)) for each in self._parameters)
        return await _called(self._worker, self._program, values)


class ChangeProgram:
    """Calls a program once for each change of an order; it gets the event id and the kind."""

    def __init__(
        self, worker: IbmIWorker, program: ProgramName, *, parameters: Sequence[Parameter]
    ) -> None:
        """Use the writing connection."""
        self._worker = worker
        self._program = program
        self._parameters = tuple(parameters)

    async def write(self, event: Event) -> Applied:
        """See :class:`~towline_agent.sinks.base.Sink`; at least once, see the module."""
        values = tuple(fitted(each, change_value(event, each.value)) for each in self._parameters)
        return await _called(self._worker, self._program, values)


async def _called(worker: IbmIWorker, program: ProgramName, values: tuple[Scalar, ...]) -> Applied:
    call = ProgramCall(program.library, program.name, values)
    await worker.call(lambda ibmi: ibmi.call_program(call))
    return Applied.WRITTEN


def fitted(parameter: Parameter, value: Scalar) -> Scalar:
    """Return the value if it fits the parameter's type; nothing is cut or rounded.

    Raises:
        Refused: names the parameter and what it can hold, without the value.
    """
    if parameter.kind == "char":
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        if len(text) > parameter.length:
            raise _misfit(parameter, f"{parameter.length} characters", f"{len(text)} characters")
        return text
    if not isinstance(value, int | Decimal):
        raise _misfit(parameter, "a number", "text")
    number = Decimal(value)
    if parameter.kind == "integer":
        if number != number.to_integral_value():
            raise _misfit(parameter, "a whole number", "decimals")
        return int(number)
    _, digits, exponent = number.normalize(_EXACT).as_tuple()
    if not isinstance(exponent, int):
        raise _misfit(parameter, "a number", "no finite number")
    if -exponent > parameter.decimals:
        raise _misfit(parameter, f"{parameter.decimals} decimals", f"{-exponent} decimals")
    if len(digits) + exponent > parameter.digits - parameter.decimals:
        raise _misfit(parameter, f"{parameter.digits} digits", "more digits")
    return number


def _misfit(parameter: Parameter, holds: str, has: str) -> Refused:
    return Refused(
        f"The parameter {parameter.value} of the order program holds {holds}; the order has {has}.",
        hint="Widen the parameter in the program and in agent.toml.",
    )
