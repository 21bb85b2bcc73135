"""What the recorded frames in ``tests/unit/shared/golden`` mean."""

from __future__ import annotations

from towline_shared.frames import (
    Ack,
    Auth,
    Beat,
    Bye,
    Challenge,
    Credit,
    Data,
    Frame,
    GoAway,
    Hello,
    Kept,
    Limit,
    Part,
    Position,
    Resume,
    Rotate,
    Rotated,
    StreamOffer,
    Welcome,
)

__all__ = ["GOLDEN", "NAMES"]

_STREAM = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
_CHAIN = "a7" * 32
_SIGNATURE = (
    "5VZDAMNgrHKQhuzMgG6XioSHfx646dl_Fd0-O1gKnCo-pxkaWyjBMlqxIkPbM1ytcYYPzs4mFvPFFcjrWvA6Bw=="
)

#: File name without suffix -> the frame it records.
GOLDEN: dict[str, Frame] = {
    "hello": Hello(
        agent_id="0011223344556677",
        boot_id="8899aabbccddeeff",
        versions=(1,),
        ephemeral="hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",
        nonce="00112233445566778899aabbccddeeff",
        version="0.1.0",
        fingerprint="",
        streams=(StreamOffer("changes", "up", _STREAM, 1, 1200, _CHAIN),),
    ),
    "challenge": Challenge(
        nonce="ffeeddccbbaa99887766554433221100",
        ephemeral="3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08=",
        relay_key="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        signature="5VZDAMNgrHKQhuzMgG6XioSHfx646dl_Fd0-O1gKnCo-"
        "pxkaWyjBMlqxIkPbM1ytcYYPzs4mFvPFFcjrWvA6Bw==",
    ),
    "auth": Auth(
        signature="5VZDAMNgrHKQhuzMgG6XioSHfx646dl_Fd0-O1gKnCo-"
        "pxkaWyjBMlqxIkPbM1ytcYYPzs4mFvPFFcjrWvA6Bw==",
        join_counter=41,
    ),
    "welcome": Welcome(
        epoch=42,
        join_counter=42,
        heartbeat_s=20,
        positions=(
            Position("changes", "up", _STREAM, 1180, _CHAIN),
            Position("orders", "down", "ff" * 16, 0, ""),
        ),
        limits=(Limit("changes", 6180, 8_388_608),),
    ),
    "data": Data(
        name="changes",
        stream_id=_STREAM,
        first=1181,
        rows=(
            (
                "5b1c1c5e-52b2-5a30-8f0a-7d8ee4bfa2ac",
                "price",
                "4711",
                '{"v":1,"entity":"price","note":"Größe 42, 日本, \\"quoted\\""}',
            ),
        ),
    ),
    "data-compressed": Data(
        name="bulk",
        stream_id=_STREAM,
        first=1,
        rows=tuple((f"id-{n}", "item", f"SKU{n}", '{"v":1,"entity":"item"}') for n in range(40)),
    ),
    "ack": Ack(name="changes", upto=1181, limit=6181, limit_bytes=8_389_000),
    "credit": Credit(name="orders", limit=5000, limit_bytes=8_388_608),
    "resume": Resume(name="changes", after=1180),
    "beat": Beat(at="2026-11-23T08:00:00.000000Z", event='{"v":1,"entity":"heartbeat"}'),
    "beat-of-the-relay": Beat(at="2026-11-23T08:00:00.000000Z"),
    "beat-with-backlog": Beat(at="2026-11-23T08:00:00.000000Z", backlog=17),
    "goaway": GoAway(after_s=17, reason="The relay is being upgraded."),
    "hello-with-caps": Hello(
        agent_id="0011223344556677",
        boot_id="8899aabbccddeeff",
        versions=(1,),
        ephemeral="hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",
        nonce="00112233445566778899aabbccddeeff",
        version="0.2.0",
        fingerprint="",
        streams=(),
        caps=("rotate", "from the future"),
    ),
    "welcome-with-caps": Welcome(
        epoch=42, join_counter=42, heartbeat_s=20, positions=(), limits=(), caps=("rotate",)
    ),
    "hello-with-parts": Hello(
        agent_id="0011223344556677",
        boot_id="8899aabbccddeeff",
        versions=(1,),
        ephemeral="hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",
        nonce="00112233445566778899aabbccddeeff",
        version="0.2.0",
        fingerprint="",
        streams=(),
        caps=("rotate", "pins", "parts"),
        parts=(Kept("orders", 7, _CHAIN, 262_144),),
    ),
    "welcome-with-keys-and-parts": Welcome(
        epoch=42,
        join_counter=42,
        heartbeat_s=20,
        positions=(),
        limits=(),
        caps=("parts",),
        relay_keys=("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=",),
        parts=(Kept("changes", 1181, _CHAIN, 131_072),),
    ),
    "part": Part(
        name="changes",
        stream_id=_STREAM,
        seq=1181,
        event_id="5b1c1c5e-52b2-5a30-8f0a-7d8ee4bfa2ac",
        entity="item",
        key="4711",
        size=200_000,
        sha256=_CHAIN,
        offset=199_997,
        text="ß}",
    ),
    "rotate": Rotate(
        public_key="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        old_signature=_SIGNATURE,
        new_signature=_SIGNATURE,
    ),
    "rotated": Rotated(public_key="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
    "rotated-not": Rotated(
        public_key="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        refusal="The new key is the old one.",
    ),
    "bye": Bye(code="taken_over", reason="A newer connection of this agent took over."),
}
NAMES = tuple(GOLDEN)
