"""Product pictures, drawn: one motif for each item class, coloured by the item's own number."""

from __future__ import annotations

import zlib

__all__ = ["MOTIFS", "picture"]

# Each motif is drawn on a 100 x 100 board in currentColor-free strokes; {a} is the body colour,
# {b} its shade, {c} the light.
MOTIFS: dict[str, str] = {
    "bolt": (
        '<path d="M30 22h40l10 16-10 12H30L20 38z" fill="{a}"/><path d="M30 22h40l4 6H26z" '
        'fill="{c}"/><path d="M40 50h20v32l-10 6-10-6z" fill="{b}"/>'
        '<path d="M40 56l20 5M40 64l20 5M40 72l20 5" stroke="{c}" stroke-width="3"/>'
    ),
    "cable": (
        '<circle cx="50" cy="50" r="28" fill="none" stroke="{a}" stroke-width="9"/>'
        '<circle cx="50" cy="50" r="16" fill="none" stroke="{b}" stroke-width="7"/>'
        '<path d="M76 62q12 8 8 22" fill="none" stroke="{a}" stroke-width="8"/>'
        '<rect x="78" y="80" width="13" height="12" rx="2" fill="{b}"/>'
    ),
    "lamp": (
        '<path d="M50 16a24 24 0 0 1 13 44c-3 3-3 6-3 9H40c0-3 0-6-3-9a24 24 0 0 1 13-44z" '
        'fill="{a}"/><path d="M40 30a14 14 0 0 1 10-6" stroke="{c}" stroke-width="5" fill="none" '
        'stroke-linecap="round"/><rect x="40" y="72" width="20" height="6" rx="3" fill="{b}"/>'
        '<rect x="42" y="81" width="16" height="6" rx="3" fill="{b}"/>'
    ),
    "tool": (
        '<path d="M28 20c-8 10-2 24 10 24l26 34c6 8 18-1 12-9L50 35c4-10-4-20-14-19l6 12-9 7z" '
        'fill="{a}"/><circle cx="68" cy="73" r="4" fill="{c}"/>'
    ),
    "box": (
        '<path d="M50 18l32 15v34L50 84 18 67V33z" fill="{a}"/><path d="M50 50v34l32-17V33z" '
        'fill="{b}"/><path d="M18 33l32 17 32-17" fill="none" stroke="{c}" stroke-width="3"/>'
        '<path d="M34 25l32 16v12" fill="none" stroke="{c}" stroke-width="5"/>'
    ),
    "valve": (
        '<rect x="14" y="52" width="72" height="22" rx="4" fill="{a}"/>'
        '<rect x="10" y="47" width="10" height="32" rx="3" fill="{b}"/>'
        '<rect x="80" y="47" width="10" height="32" rx="3" fill="{b}"/>'
        '<rect x="45" y="30" width="10" height="24" fill="{b}"/>'
        '<rect x="28" y="22" width="44" height="10" rx="5" fill="{a}"/>'
    ),
    "glove": (
        '<path d="M30 86V52l-8-14c-3-6 5-10 9-4l5 9V22c0-7 9-7 9 0v18-22c0-7 10-7 10 0v22-18c0-7 '
        '9-7 9 0v20-10c0-6 8-6 8 0v28c0 10-6 14-6 26z" fill="{a}"/>'
        '<rect x="28" y="78" width="38" height="10" rx="3" fill="{b}"/>'
    ),
    "gauge": (
        '<circle cx="50" cy="50" r="34" fill="{a}"/><circle cx="50" cy="50" r="26" fill="{c}"/>'
        '<path d="M32 60a20 20 0 1 1 36 0" fill="none" stroke="{b}" stroke-width="4"/>'
        '<path d="M50 52l12-16" stroke="{b}" stroke-width="5" stroke-linecap="round"/>'
        '<circle cx="50" cy="52" r="5" fill="{b}"/>'
    ),
    "brush": (
        '<rect x="44" y="12" width="12" height="40" rx="5" fill="{b}"/>'
        '<rect x="26" y="50" width="48" height="14" rx="3" fill="{a}"/>'
        '<path d="M28 64h44l-3 22H31z" fill="{c}"/>'
        '<path d="M38 66v18M50 66v18M62 66v18" stroke="{b}" stroke-width="2"/>'
    ),
    "gear": (
        '<path d="M44 14h12l3 11 8 3 10-6 8 8-6 10 3 8 11 3v0l0 9-11 3-3 8 6 10-8 8-10-6-8 3-3 '
        '11H44l-3-11-8-3-10 6-8-8 6-10-3-8-11-3v-9l11-3 3-8-6-10 8-8 10 6 8-3z" fill="{a}"/>'
        '<circle cx="50" cy="52" r="15" fill="{c}"/><circle cx="50" cy="52" r="8" fill="{b}"/>'
    ),
}
_NAMES = tuple(MOTIFS)


def picture(sku: str, item_class: str, hue: int) -> str:
    """Draw a product: deterministic in its arguments, which reach the SVG only as numbers."""
    motif = MOTIFS[_motif(item_class or sku)]
    hue %= 360
    turn = zlib.crc32(sku.encode()) % 13 - 6
    body = motif.format(a=f"hsl({hue} 46% 46%)", b=f"hsl({hue} 50% 30%)", c=f"hsl({hue} 60% 88%)")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="200" height="200">'
        f'<rect width="100" height="100" fill="hsl({hue} 34% 91%)"/>'
        f'<ellipse cx="50" cy="91" rx="30" ry="4" fill="hsl({hue} 25% 76%)"/>'
        f'<g transform="translate(50 50) rotate({turn}) scale(.86) translate(-50 -52)">{body}</g>'
        "</svg>"
    )


def _motif(item_class: str) -> str:
    for prefix, name in _BY_CLASS:
        if item_class.upper().startswith(prefix):
            return name
    return _NAMES[zlib.crc32(item_class.upper().encode()) % len(_NAMES)]


_BY_CLASS: tuple[tuple[str, str], ...] = ()
