"""Drivers are found by name among what is installed."""

from __future__ import annotations

import pytest

from towline_agent.ibmi.drivers import installed, load_driver
from towline_agent.ibmi.port import Purpose, Site
from towline_shared.config import Section
from towline_shared.errors import Misconfigured, Retryable


def settings(**values: object) -> Section:
    return Section(values, file="agent.toml", name="ibmi")


def test_the_simulated_ibm_i_is_installed_and_opens_nothing_yet() -> None:
    """Loading checks settings; connecting to nothing is Retryable."""
    assert "simulated" in installed()
    driver = load_driver(settings(driver="simulated", address="127.0.0.1:1"), Site())
    with pytest.raises(Retryable):
        driver.connect(Purpose.READ)


def test_an_unknown_driver_lists_what_is_there() -> None:
    """The sentence names the setting and the installed drivers."""
    with pytest.raises(Misconfigured, match=r"ibmi\.driver = 'odbx'.*simulated"):
        load_driver(settings(driver="odbx"), Site())
