"""Reads a QR code's modules back from its SVG."""

import re
from xml.etree import ElementTree as ET

BORDER_MODULES = 4
_SVG = "{http://www.w3.org/2000/svg}"
_STEP = re.compile(r"([Mmh])(-?[0-9.]+)(?: (-?[0-9.]+))?")


def read_modules(svg: str) -> list[list[bool]]:
    """Rows of modules, True is dark; without the border, which must be light."""
    root = ET.fromstring(svg)  # noqa: S314 - what we have drawn ourselves
    size = int(root.attrib["viewBox"].split()[-1])
    ground, drawn = root.findall(f"{_SVG}path")
    assert ground.attrib == {"fill": "#fff", "d": f"M0 0h{size}v{size}h-{size}z"}
    assert drawn.attrib["stroke"] == "#000"
    rows = [[False] * size for _ in range(size)]
    column, line = 0.0, 0.0
    for step, along, down in _STEP.findall(drawn.attrib["d"]):
        if step == "M":
            column, line = float(along), float(down)
        elif step == "m":
            column, line = column + float(along), line + float(down)
        else:
            for each in range(int(column), int(column + float(along))):
                rows[int(line)][each] = True
            column += float(along)
    inner = slice(BORDER_MODULES, -BORDER_MODULES)
    assert sum(map(sum, rows)) == sum(sum(row[inner]) for row in rows[inner]), "a dark border"
    return [row[inner] for row in rows[inner]]
