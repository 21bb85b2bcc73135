"""A removal takes what is there and ours, and leaves the rest with a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_door import all_there
from tests.support.sandbox_site import write_sandbox_site
from towline_agent.config import load_config
from towline_agent.ibmi.install.objects import Wanted
from towline_agent.ibmi.install.present import Present, PresentProfile, PresentTrigger
from towline_agent.ibmi.install.undo import removable, undo
from towline_agent.ibmi.install.wanted import wanted
from towline_agent.policy import FileName


@pytest.fixture
def site(tmp_path: Path) -> Wanted:
    """What the sandbox wants."""
    return wanted(load_config(write_sandbox_site(tmp_path)))


def texts(site: Wanted, present: Present) -> list[str]:
    return [each.text for each in removable(site, present)[0].changing]


def test_a_whole_install_is_removed_wholly(site: Wanted) -> None:
    """The same statements as the printed undo."""
    script, kept = removable(site, all_there(site))
    assert [e.text for e in script.changing] == [e.text for e in undo(site).changing]
    assert kept == ()


def test_what_is_not_there_is_not_dropped(site: Wanted) -> None:
    """Half an install leaves half a removal."""
    there = all_there(site)
    present = replace(
        there,
        triggers=(there.triggers or ())[:1],
        tables={"OUTBOX": there.tables["OUTBOX"]},
        queues={queue.queue: 0 for queue in site.queues},
    )
    found = texts(site, present)
    assert sum(text.startswith("DROP TRIGGER") for text in found) == 1
    assert [text for text in found if text.startswith("DROP TABLE")] == [
        "DROP TABLE TOWLINE.OUTBOX"
    ]
    assert not any("DLTDTAQ" in text for text in found)


def test_a_profile_that_was_there_before_is_left_alone(site: Wanted) -> None:
    """Its text is not ours, or nobody could look."""
    there = all_there(site)
    theirs = PresentProfile("Web services", True, True, ())
    present = replace(there, profiles={**there.profiles, "TWAGENT": theirs})
    script, kept = removable(site, present)
    assert not any("DLTUSRPRF USRPRF(TWAGENT)" in each.text for each in script.changing)
    assert kept == ("Profile TWAGENT is not the install's own; it is left alone.",)
    _, blind = removable(site, replace(there, profiles={}))
    assert len(blind) == 2


def test_a_trigger_of_ours_from_older_settings_goes_too(site: Wanted) -> None:
    """Left behind, it would be inoperative and fail the ERP's writes."""
    there = all_there(site)
    old = PresentTrigger("OLD_OUTBOX", FileName("DISTLIB", "OLD"), True, True, "")
    found = texts(site, replace(there, triggers=(*(there.triggers or ()), old)))
    assert found[0] == "DROP TRIGGER TOWLINE.OLD_OUTBOX"


def test_a_removed_library_leaves_nothing_to_do(site: Wanted) -> None:
    """A second run has nothing to say."""
    there = all_there(site)
    gone = replace(
        there,
        library=False,
        tables={},
        triggers=(),
        queues={queue.queue: 0 for queue in site.queues},
        profiles={name: None for name in there.profiles},
        rights={part: frozenset() for part in there.rights},
    )
    assert texts(site, gone) == []
