"""Draw the world once: Natural Earth's countries (public domain) as one small SVG file, and the places of small states.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python advocacy/maps/build.py package/countries-110m.json package/countries-10m.json

writes `static/map/world.svg`, whose shapes are named by country code and shown by `<use>`, and `advocacy/maps/places.json`
with the middle of each country that is too small for a shape one could see or hit. Both are committed.

The projection is Equal Earth (Šavrič, Patterson, Jenny 2018): no country looks larger than it is. Antarctica is left
out. Borders are those of the source, except that Crimea is drawn with Ukraine and northern Cyprus with Cyprus, as
the United Nations has it (A/RES/68/262, S/RES/541); a shape says nothing about who is right.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from babel.core import get_global

WIDTH = 2_000
MIDDLE = 11.0  # degrees east; the edge then runs through the Bering Strait and cuts no land in two
SOUTH = -57.0  # degrees; below is Antarctica
ROUGH = 1.2  # units a border may stray from the source's
SPECK = 9.0  # square units below which an island is left out, unless it is all there is
SMALL = 90.0  # square units below which a country is shown by a dot as well

FOLDER = Path(__file__).parent
DRAWING = FOLDER.parents[1] / "static" / "map" / "world.svg"
PLACES = FOLDER / "places.json"

_WITHOUT_NUMBER = {"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO"}
_CRIMEA = (34.1, 45.1)

Point = tuple[float, float]
Ring = list[Point]


def main(coarse: str, fine: str) -> None:
    shapes = _countries(_read(coarse))
    _move_crimea(shapes)
    top, bottom = _y(83.7), _y(SOUTH)
    paths, places = {}, {}
    for code, polygons in sorted(shapes.items()):
        kept = _kept([[_screen(ring, top) for ring in polygon] for polygon in polygons])
        paths[code] = "".join(_path(ring) for polygon in kept for ring in polygon)
    for code, polygons in sorted(_countries(_read(fine), rough=0).items()):
        projected = [[_screen(ring, top) for ring in polygon] for polygon in polygons]
        if code not in paths or sum(_area(polygon[0]) for polygon in projected) < SMALL:
            largest = max((polygon[0] for polygon in projected), key=_area)
            places[code] = [round(number) for number in _middle(largest)]
    every = [x for polygons in shapes.values() for ring in _first(polygons) for x, _y in _screen(ring, top)]
    every += [float(x) for x, _y in places.values()]
    left, right = round(min(every)) - 14, round(max(every)) + 14
    view = [left, -4, right - left, round(bottom - top) + 8]
    box = " ".join(map(str, view))
    shapes_drawn = "".join(f'<path id="{code}" d="{path}"/>' for code, path in paths.items() if path)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3"/>' for x, y in places.values())
    DRAWING.parent.mkdir(exist_ok=True)
    DRAWING.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">'
        f'<g id="land">{shapes_drawn}{dots}</g></svg>\n',
        encoding="utf-8",
    )
    told = {"view": view, "shapes": sorted(paths), "places": places}
    PLACES.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(paths)} shapes, {len(places)} dots, {DRAWING.stat().st_size:,} bytes")


# --- TopoJSON (https://github.com/topojson/topojson-specification) ------------------------------------------------


def _first(polygons: list[list[Ring]]) -> list[Ring]:
    return [polygon[0] for polygon in polygons]


def _read(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def _countries(topology: dict[str, Any], rough: float = ROUGH) -> dict[str, list[list[Ring]]]:
    """The polygons of each country in degrees; a border that two share is thinned out once for both."""
    arcs = [_thinned(arc, rough) for arc in _arcs(topology)]
    found: dict[str, list[list[Ring]]] = defaultdict(list)
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = _code(geometry)
        if not code or code == "AQ":
            continue
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            found[code] += _cut([_ring(ring, arcs) for ring in polygon])
    return found


def _cut(polygon: list[Ring]) -> list[list[Ring]]:
    """A polygon in degrees from the middle of the drawing; one that reaches over the edge is two."""
    turned = [_unwound(ring) for ring in polygon]
    if all(-180 <= x <= 180 for ring in turned for x, _y in ring):
        return [turned]
    edge = 180 if max(x for x, _y in turned[0]) > 180 else -180
    back = -2 * edge
    inside = [[(max(min(x, 180), -180), y) for x, y in ring] for ring in turned]
    outside = [[(max(min(x + back, 180), -180), y) for x, y in ring] for ring in turned]
    return [inside, outside]


def _unwound(ring: Ring) -> Ring:
    """A ring without the jump from 180 to -180 degrees that one round the far side of the world has."""
    points: Ring = []
    for longitude, latitude in ring:
        x = longitude - MIDDLE
        if points:
            x += 360 * round((points[-1][0] - x) / 360)
        points.append((x, latitude))
    shift = 360 * round(sum(x for x, _y in points) / len(points) / 360)
    return [(x - shift, y) for x, y in points]


def _arcs(topology: dict[str, Any]) -> Iterator[Ring]:
    (scale_x, scale_y), (move_x, move_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((x * scale_x + move_x, y * scale_y + move_y))
        yield points


def _ring(numbers: Iterable[int], arcs: list[Ring]) -> Ring:
    points: Ring = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points


def _code(geometry: dict[str, Any]) -> str:
    name = geometry["properties"]["name"]
    if name in _WITHOUT_NUMBER:
        return _WITHOUT_NUMBER[name]
    found = get_global("territory_aliases").get(geometry.get("id", ""), [""])
    return str(found[0]) if len(found) == 1 else ""


def _move_crimea(shapes: dict[str, list[list[Ring]]]) -> None:
    where = (_CRIMEA[0] - MIDDLE, _CRIMEA[1])
    for polygon in [polygon for polygon in shapes["RU"] if _holds(polygon[0], where)]:
        shapes["RU"].remove(polygon)
        shapes["UA"].append(polygon)


def _holds(ring: Ring, point: Point) -> bool:
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


# --- geometry -------------------------------------------------------------------------------------------------------


def _x(longitude: float, latitude: float) -> float:
    """Equal Earth in units of the drawing; 0 is the left edge."""
    angle = _angle(latitude)
    divisor = 3 * (9 * 0.003796 * angle**8 + 7 * 0.000893 * angle**6 - 3 * 0.081106 * angle**2 + 1.340264)
    return _SCALE * 2 * math.sqrt(3) * math.radians(longitude) * math.cos(angle) / divisor + WIDTH / 2


def _y(latitude: float) -> float:
    angle = _angle(latitude)
    return -_SCALE * (0.003796 * angle**9 + 0.000893 * angle**7 - 0.081106 * angle**3 + 1.340264 * angle)


def _angle(latitude: float) -> float:
    return math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))


_SCALE = WIDTH / (2 * 2 * math.sqrt(3) * math.pi / (3 * 1.340264))


def _screen(ring: Ring, top: float) -> Ring:
    return [(_x(longitude, latitude), _y(latitude) - top) for longitude, latitude in ring]


def _thinned(arc: Ring, rough: float) -> Ring:
    """Fewer points that stay within `rough` units (Douglas and Peucker 1973); a closed arc is cut at its far end."""
    if rough <= 0 or len(arc) < 3:
        return arc
    seen = [(_x(*point), _y(point[1])) for point in arc]
    keep = {0, len(arc) - 1}
    if arc[0] == arc[-1]:
        keep.add(max(range(len(arc)), key=lambda one: math.dist(seen[0], seen[one])))
    ordered = sorted(keep)
    waiting = list(pairwise(ordered))
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        far, at = max((_off(seen[one], seen[first], seen[last]), one) for one in range(first + 1, last))
        if far > rough:
            keep.add(at)
            waiting += [(first, at), (at, last)]
    return [arc[one] for one in sorted(keep)]


def _off(point: Point, start: Point, end: Point) -> float:
    length = math.dist(start, end)
    if not length:
        return math.dist(point, start)
    return (
        abs((end[0] - start[0]) * (start[1] - point[1]) - (start[0] - point[0]) * (end[1] - start[1]))
        / length
    )


def _kept(polygons: list[list[Ring]]) -> list[list[Ring]]:
    """The polygons one can see; at least the largest."""
    largest = max(_area(polygon[0]) for polygon in polygons)
    return [polygon for polygon in polygons if _area(polygon[0]) >= min(SPECK, largest)]


def _area(ring: Ring) -> float:
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))) / 2


def _middle(ring: Ring) -> Point:
    return sum(x for x, _y in ring) / len(ring), sum(y for _x, y in ring) / len(ring)


def _path(ring: Ring) -> str:
    """A ring in whole units, each point from the one before."""
    points = [(round(x), round(y)) for x, y in ring]
    distinct = [point for one, point in enumerate(points) if one == 0 or point != points[one - 1]]
    if len(distinct) > 1 and distinct[0] == distinct[-1]:
        distinct.pop()
    if len(distinct) < 3:
        return ""
    steps = [f"{x2 - x1}{'' if y2 - y1 < 0 else ' '}{y2 - y1}" for (x1, y1), (x2, y2) in pairwise(distinct)]
    joined = steps[0] + "".join(step if step.startswith("-") else f" {step}" for step in steps[1:])
    return f"M{distinct[0][0]} {distinct[0][1]}l{joined}z"


if __name__ == "__main__":
    main(*sys.argv[1:])
