"""[tenants.shopify]: which token, which version, and what is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.engine_house import RULES
from towline_relay.config import ShopConfig, load_config
from towline_shared.errors import Misconfigured

SHOP = '[[tenants]]\nid = "nord-wind"\nrules = "towline.toml"\n[tenants.shopify]\n'


def shop(folder: Path, *lines: str) -> ShopConfig:
    """Read the settings of one shop; secret files lie beside them."""
    (folder / "towline.toml").write_text(RULES, encoding="utf-8")
    for name in ("token", "client", "refresh", "hooks"):
        (folder / name).write_text(f"{name}-secret\n", encoding="utf-8")
    known = ['shop = "demo.myshopify.com"', 'webhook_secrets_file = "hooks"', *lines]
    path = folder / "relay.toml"
    path.write_text(SHOP + "\n".join(known), encoding="utf-8")
    return load_config(path).tenants[0].shop


APP = ('client_id = "id"', 'client_secret_file = "client"')


def test_a_token_that_does_not_expire(tmp_path: Path) -> None:
    """The simplest kind, of apps that were made in the admin before 2026."""
    found = shop(tmp_path, 'access_token_file = "token"')
    assert (found.token, found.client_id, found.refresh_token) == ("token-secret", "", "")


def test_an_app_that_asks_for_its_own(tmp_path: Path) -> None:
    """Client credentials: no token is given at all."""
    found = shop(tmp_path, *APP)
    assert (found.token, found.client_secret, found.refresh_token) == ("", "client-secret", "")


def test_an_offline_token_that_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first refresh token comes from a file or from the environment."""
    found = shop(tmp_path, *APP, 'refresh_token_file = "refresh"')
    assert found.refresh_token == "refresh-secret"
    assert "secret" not in repr(found)
    monkeypatch.setenv("TOWLINE_NORD_WIND_REFRESH_TOKEN", "from-outside")
    assert shop(tmp_path, *APP).refresh_token == "from-outside"


@pytest.mark.parametrize("version", ["2026-01", "2026-05", "unstable", "latest"])
def test_a_version_we_cannot_work_with_is_refused(tmp_path: Path, version: str) -> None:
    """At start, with the value, and not by a shop that answers something else."""
    with pytest.raises(Misconfigured, match=version):
        shop(tmp_path, 'access_token_file = "token"', f'api_version = "{version}"')


def test_unstable_is_for_a_simulated_shop(tmp_path: Path) -> None:
    """Tests may look ahead; a real shop has no url setting."""
    lines = (
        'access_token_file = "token"',
        'api_version = "unstable"',
        'url = "http://127.0.0.1:9"',
    )
    assert shop(tmp_path, *lines).api_version == "unstable"
