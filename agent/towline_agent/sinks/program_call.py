"""Documents of the shop to one of the customer's own programs: positional, typed parameters.

The program keeps all validations in the ERP. Whether a call that broke off had its effect can't be
seen from outside, so the program gets the event id and must treat a known one as done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal

from towline_agent.config_formats import Parameter
from towline_agent.ibmi.port import Applied, ProgramCall
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.policy import ProgramName
from towline_shared.errors import Refused
from towline_shared.events import Event, Scalar

__all__ = ["DocumentProgram", "fitted"]

_EXACT = Context(prec=100)


class DocumentProgram:
    """Calls the program once for each document of its kind; it gets the event id."""

    def __init__(
        self,
        worker: IbmIWorker,
        program: ProgramName,
        *,
        parameters: Sequence[Parameter],
        value: Callable[[Event, str], Scalar],
        noun: str = "order",
    ) -> None:
        """Use the writing connection.

        Args:
            value: returns what a parameter is given of an event, by the value's name.
            noun: what such a document is called.
        """
        self._worker = worker
        self._program = program
        self._parameters = tuple(parameters)
        self._value = value
        self._noun = noun

    async def write(self, event: Event) -> Applied:
        """See :class:`~towline_agent.sinks.base.Sink`; at least once, see the module."""
        values = tuple(
            fitted(each, self._value(event, each.value), noun=self._noun)
            for each in self._parameters
        )
        call = ProgramCall(self._program.library, self._program.name, values)
        await self._worker.call(lambda ibmi: ibmi.call_program(call))
        return Applied.WRITTEN


def fitted(parameter: Parameter, value: Scalar, *, noun: str = "order") -> Scalar:
    """Return the value if it fits the parameter's type; nothing is cut or rounded.

    Args:
        noun: what the document is called, for the sentence.

    Raises:
        Refused: names the parameter and what it can hold, without the value.
    """
    if parameter.kind == "char":
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        if len(text) > parameter.length:
            raise _misfit(
                parameter, noun, f"{parameter.length} characters", f"{len(text)} characters"
            )
        return text
    if not isinstance(value, int | Decimal):
        raise _misfit(parameter, noun, "a number", "text")
    number = Decimal(value)
    if parameter.kind == "integer":
        if number != number.to_integral_value():
            raise _misfit(parameter, noun, "a whole number", "decimals")
        return int(number)
    _, digits, exponent = number.normalize(_EXACT).as_tuple()
    if not isinstance(exponent, int):
        raise _misfit(parameter, noun, "a number", "no finite number")
    if -exponent > parameter.decimals:
        raise _misfit(parameter, noun, f"{parameter.decimals} decimals", f"{-exponent} decimals")
    if len(digits) + exponent > parameter.digits - parameter.decimals:
        raise _misfit(parameter, noun, f"{parameter.digits} digits", "more digits")
    return number


def _misfit(parameter: Parameter, noun: str, holds: str, has: str) -> Refused:
    return Refused(
        f"The parameter {parameter.value} of the {noun} program holds {holds};"
        f" the {noun} has {has}.",
        hint="Widen the parameter in the program and in agent.toml.",
    )
