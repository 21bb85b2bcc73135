"""Product pictures, drawn: one motif for each item class, coloured by the item's own number."""

from __future__ import annotations

import zlib

__all__ = ["MOTIFS", "picture"]

# Each motif is drawn on a 100 x 100 board; {a} is the body colour, {b} its shade, {c} the light.
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
    "nut": (
        '<path d="M50 14l32 18v36L50 86 18 68V32z" fill="{a}"/><path d="M50 14l32 18v36L50 86z" '
        'fill="{b}" opacity=".35"/><circle cx="50" cy="50" r="18" fill="{c}"/>'
        '<circle cx="50" cy="50" r="18" fill="none" stroke="{b}" stroke-width="4"/>'
    ),
    "dowel": (
        '<rect x="41" y="12" width="18" height="10" rx="3" fill="{b}"/>'
        '<path d="M38 22h24l-3 56-9 12-9-12z" fill="{a}"/>'
        '<path d="M39 34l22 4M40 46l20 4M41 58l18 4M42 70l16 4" stroke="{c}" stroke-width="4"/>'
        '<path d="M50 26v54" stroke="{b}" stroke-width="3"/>'
    ),
    "breaker": (
        '<path d="M26 16h48v14h6v40h-6v14H26V70h-6V30h6z" fill="{a}"/>'
        '<rect x="34" y="34" width="32" height="32" rx="4" fill="{c}"/>'
        '<rect x="43" y="38" width="14" height="20" rx="3" fill="{b}"/>'
        '<circle cx="50" cy="23" r="4" fill="{b}"/><circle cx="50" cy="77" r="4" fill="{b}"/>'
    ),
    "can": (
        '<rect x="43" y="10" width="14" height="12" rx="3" fill="{b}"/>'
        '<path d="M34 32q0-10 16-10t16 10z" fill="{b}"/>'
        '<rect x="32" y="32" width="36" height="54" rx="5" fill="{a}"/>'
        '<rect x="32" y="44" width="36" height="24" fill="{c}"/>'
        '<path d="M50 47q9 10 0 17q-9-7 0-17z" fill="{b}"/>'
    ),
}
_NAMES = tuple(MOTIFS)


def picture(sku: str, item_class: str, hue: int) -> str:
    """Draw a product: deterministic in its arguments, which reach the SVG only as numbers."""
    motif = MOTIFS[_motif(sku, item_class)]
    hue %= 360
    turn = zlib.crc32(sku.encode()) % 13 - 6
    body = motif.format(a=f"hsl({hue} 46% 46%)", b=f"hsl({hue} 50% 30%)", c=f"hsl({hue} 60% 88%)")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-60 0 220 100" width="220" height="100">'
        f'<rect x="-60" width="220" height="100" fill="hsl({hue} 34% 91%)"/>'
        f'<ellipse cx="50" cy="91" rx="30" ry="4" fill="hsl({hue} 25% 76%)"/>'
        f'<g transform="translate(50 50) rotate({turn}) scale(.86) translate(-50 -52)">{body}</g>'
        "</svg>"
    )


# Item classes of the sandbox's wholesaler; two letters of the item number tell finer.
_BY_NUMBER = {"FN-": "nut", "FD-": "dowel"}
_BY_CLASS = {
    "FAST": "bolt",
    "ELEC": "breaker",
    "CABL": "cable",
    "LITE": "lamp",
    "TOOL": "tool",
    "PLMB": "valve",
    "GAUG": "gauge",
    "SAFE": "glove",
    "CHEM": "can",
    "PACK": "box",
}


def _motif(sku: str, item_class: str) -> str:
    """Choose by number, then by class; what is unknown keeps one motif for ever."""
    known = _BY_NUMBER.get(sku[:3].upper()) or _BY_CLASS.get(item_class.strip().upper())
    return known or _NAMES[zlib.crc32((item_class or sku).encode()) % len(_NAMES)]
