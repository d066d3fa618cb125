"""Reference data for tests: areas as GeoJSON, the other tables as CSV, and gridloopctl reference."""
import json
import os
import pathlib

from stack import ROOT

DATA = pathlib.Path(os.environ.get("GRIDLOOP_SHARED_DATA") or ROOT.parent / "shared" / "data")
LEVELS = ("district", "subdistrict", "community", "grid")


def ring(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def area(code, level, box, parent=None, holes=(), **properties):
    """A rectangle with rectangular holes; box: west, south, east, north."""
    properties = {"code": code, "level": level, "name": f"Area {code}", "parent_code": parent} | properties
    return {"type": "Feature", "properties": properties,
            "geometry": {"type": "Polygon", "coordinates": [ring(*box), *(ring(*hole) for hole in holes)]}}


def collection(features, **members):
    return json.dumps({"type": "FeatureCollection", "features": list(features)} | members, ensure_ascii=False)


def command(world, name, *arguments, **more):
    return world.run("gridloopctl", "reference", name, f"--database-url={world.owner_url}", *arguments, text=True, **more)


def load(world, files, *arguments):
    """files: name -> text. Returns the finished process."""
    paths = []
    for name, text in files.items():
        paths.append(world.folder / name)
        paths[-1].write_text(text, "utf-8")
    return command(world, "load", *arguments, *paths)


def load_areas(world, features, *arguments):
    done = load(world, {"areas.geojson": collection(features)}, *arguments)
    assert done.returncode == 0, done.stderr
    return done


def locate(world, points, *arguments):
    """[(longitude, latitude)] -> [(district, subdistrict, community, grid)], None where there is none."""
    lines = "".join(f"{longitude!r},{latitude!r}\n" for longitude, latitude in points)
    done = command(world, "locate", *arguments, input=lines)
    assert done.returncode == 0, done.stderr
    found = [line.split("\t")[2:] for line in done.stdout.splitlines()]
    assert len(found) == len(points)
    return [tuple(None if code == "-" else code for code in codes) for codes in found]


def town(**properties):
    """A district with two sub-districts, three communities and four grids; one grid has a hole."""
    return [
        area("4105", "district", (114, 36, 114.4, 36.2), **properties),
        area("4105-1", "subdistrict", (114, 36, 114.2, 36.2), "4105", **properties),
        area("4105-2", "subdistrict", (114.2, 36, 114.4, 36.2), "4105", **properties),
        area("4105-1-1", "community", (114, 36, 114.1, 36.2), "4105-1", **properties),
        area("4105-1-2", "community", (114.1, 36, 114.2, 36.2), "4105-1", **properties),
        area("4105-2-1", "community", (114.2, 36, 114.3, 36.2), "4105-2", **properties),
        area("4105-1-1-001", "grid", (114, 36, 114.1, 36.1), "4105-1-1", **properties),
        area("4105-1-1-002", "grid", (114, 36.1, 114.1, 36.2), "4105-1-1", **properties),
        area("4105-1-2-001", "grid", (114.1, 36, 114.2, 36.2), "4105-1-2", [(114.14, 36.04, 114.16, 36.06)], **properties),
        area("4105-1-2-901", "grid", (114.14, 36.04, 114.16, 36.06), "4105-1-2", **properties),
    ]
