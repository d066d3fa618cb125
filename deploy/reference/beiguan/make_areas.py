#!/usr/bin/env python3
"""Writes areas.geojson: the district of the demonstration, invented from a handful of facts. Needs shapely.

Facts: the codes and names of the district (410503, Beiguan), of Jiefanglu Sub-district (410503003) and of Baizhuang
Town (410503100), which came to the district on 27 December 2016; that Jiefanglu has 5 communities, 18 basic and 2
dedicated grids. Where anything lies, how far it reaches and how it is divided is invented: rectangles over the places
that gridloop-simulate uses. Every area carries "synthetic": true, and so does what is shown of it.
"""
import json
import pathlib

import shapely

JOINED = "2016-12-27T00:00:00+08:00"
STREET = (114.335, 36.106, 0.0178304, 0.0143888)  # west, south, width, height in degrees: 1.6 by 1.6 km
TOWN = (114.338, 36.172, 0.0735504, 0.0476629)    # 6.6 by 5.3 km
MARGIN = 0.002
COMMUNITIES = ((4, 0), (4, 1), (4, 1), (3, 0), (3, 0))  # of Jiefanglu: basic and dedicated grids
VILLAGES = (8, 5)                                       # of Baizhuang: columns and rows


def cells(place, columns, rows):
    """Boxes, column by column from the south-west; shared edges have the same numbers."""
    west, south, width, height = place
    x = [round(west + width * column / columns, 7) for column in range(columns + 1)]
    y = [round(south + height * row / rows, 7) for row in range(rows + 1)]
    return [shapely.box(x[column], y[row], x[column + 1], y[row + 1]) for column in range(columns) for row in range(rows)]


def around(place):
    west, south, width, height = place
    return (west - MARGIN, south - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN)


def feature(code, level, name, parent, shape, **properties):
    return {"type": "Feature",
            "properties": {"code": code, "level": level, "name": name, "parent_code": parent, "synthetic": True} | properties,
            "geometry": json.loads(shapely.to_geojson(shapely.normalize(shape)))}


def divide(parent, name, shapes, counts, **properties):
    """Communities of so many basic and dedicated grids each, and the grids."""
    grids = iter(shapes)
    for number, (basic, dedicated) in enumerate(counts, 1):
        code = f"{parent}{number:03}"
        own = [next(grids) for _ in range(basic + dedicated)]
        yield feature(code, "community", f"{name}{number}（示例）", parent, shapely.unary_union(own), **properties)
        for at, shape in enumerate(own):
            is_basic = at < basic
            yield feature(f"{code}{at + 1 if is_basic else 901 + at - basic:03}", "grid",
                          f"{name}{number}第{at + 1}网格（示例）", code, shape,
                          kind="BASIC" if is_basic else "DEDICATED", **properties)


def areas():
    street = shapely.unary_union(cells(around(STREET), 1, 1))
    town = shapely.unary_union(cells(around(TOWN), 1, 1))
    between = shapely.box(street.bounds[0], street.bounds[3], street.bounds[2], town.bounds[1])
    yield feature("410503", "district", "北关区（示例）", "410500", street, valid_to=JOINED)
    yield feature("410503", "district", "北关区（示例）", "410500", shapely.unary_union([street, between, town]),
                  valid_from=JOINED)
    yield feature("410503003", "subdistrict", "解放路街道（示例）", "410503", street)
    yield from divide("410503003", "社区", cells(STREET, 5, 4), COMMUNITIES)
    yield feature("410503100", "subdistrict", "柏庄镇（示例）", "410503", town, valid_from=JOINED)
    columns, rows = VILLAGES
    yield from divide("410503100", "村", cells(TOWN, columns, 2 * rows), [(2, 0)] * (columns * rows), valid_from=JOINED)


def text():
    lines = ",\n".join(json.dumps(area, ensure_ascii=False, separators=(",", ":")) for area in areas())
    return '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n"


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("areas.geojson").write_text(text(), "utf-8")
