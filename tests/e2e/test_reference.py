"""gridloopctl reference: what is loaded, what is refused and why, and where points lie."""
import collections
import concurrent.futures
import csv
import json
import math
import runpy

import psycopg
import pytest
import shapely
import shapely.affinity

from reference import DATA, area, collection, command, load, load_areas, locate, town
from stack import ROOT

UNIT = "code,name,area_code\nU1,巡察组,4105\nU2,Town office,4105-1\n"
RULE = "dedup_group,radius_m,reopen_window_s\nRUBBISH,15,86400\nBURNING,100,0\n"
CATEGORY = "scheme,code,name,dedup_group,auto_dispatch\nlocal-2026,01/01,Rubbish,RUBBISH,false\n"
RESPONSIBILITY = "area_code,dedup_group,unit_code\n4105-1,RUBBISH,U2\n4105,*,U1\n"
ALL = {"areas.geojson": collection(town()), "unit.csv": UNIT, "dedup_rule.csv": RULE, "category.csv": CATEGORY,
       "responsibility.csv": RESPONSIBILITY, "position_default.csv": "position_kind,horizontal_accuracy_m\nTARGET,10\n",
       "time_zone.csv": "area_code,name\n4105,Asia/Shanghai\n"}


def loads(world):
    return world.sql("select table_name, version, row_count from reference.load order by 1, 2")


# ---- loading ----

def test_everything_at_once(world):
    done = load(world, ALL)
    assert done.returncode == 0, done.stderr
    assert loads(world) == [("area", 1, 10), ("category", 1, 1), ("dedup_rule", 1, 2), ("position_default", 1, 1),
                            ("responsibility", 1, 2), ("time_zone", 1, 1), ("unit", 1, 2)]
    assert world.sql("select dedup_group, radius_m, merge_window_s, reopen_window_s, mute_window_s, anchor, pick, "
                     "same_unit, ignore_status from reference.dedup_rule_in_force order by 1") == [
        ("BURNING", 100.0, None, 0, 0, "first", "nearest", True, False),
        ("RUBBISH", 15.0, None, 86400, 0, "first", "nearest", True, False)]
    assert world.sql("select name, loaded_by from reference.unit_in_force where code = 'U1'") == [("巡察组", "gridloop")]


def test_each_file_is_remembered_by_its_hash(world):
    load(world, ALL)
    assert world.sql("select distinct u.file_sha256 = sha256(%s::bytea) from reference.unit u", UNIT.encode()) == [(True,)]
    assert world.sql("select file_names from reference.load where table_name = 'unit'") == [(["unit.csv"],)]


def test_it_says_what_changed(world):
    load_areas(world, town())
    changed = [feature for feature in town() if feature["properties"]["code"] != "4105-1-2-901"]
    changed[-1]["properties"]["name"] = "other"
    changed.append(area("4105-2-1-001", "grid", (114.2, 36, 114.3, 36.2), "4105-2-1"))
    lines = [line.split() for line in load_areas(world, changed).stdout.splitlines()]
    assert ["area", "1", "added:", "4105-2-1-001"] in lines
    assert ["area", "1", "removed:", "4105-1-2-901"] in lines
    assert ["area", "1", "changed:", "4105-1-2-001"] in lines
    assert ["area", "8", "unchanged"] in lines
    assert loads(world) == [("area", 1, 10), ("area", 2, 10)]


def test_a_dry_run_loads_nothing(world):
    done = load(world, ALL, "--dry-run")
    assert done.returncode == 0 and "10 added" in done.stdout
    assert loads(world) == [] and world.sql("select count(*) from reference.area") == [(0,)]


def test_tables_are_loaded_one_by_one_too(world):
    """What is not loaded this time stays in force, and is looked at together with what is."""
    load(world, ALL)
    assert load(world, {"unit-2026.csv": UNIT + "U3,New,\n"}).returncode == 0
    assert world.sql("select count(*) from reference.unit_in_force") == [(3,)]
    assert world.sql("select count(*) from reference.area_in_force") == [(10,)]
    gone = load(world, {"unit.csv": "code,name,area_code\nU1,巡察组,4105\n"})
    assert gone.returncode == 65 and "responsibility 4105-1 RUBBISH there is no unit U2" in gone.stderr
    assert world.sql("select count(*) from reference.unit_in_force") == [(3,)]


def test_a_spreadsheet_s_csv(world):
    """A byte order mark, CRLF, quotes, columns in any order."""
    text = "\ufeff" + 'name,code\r\n"Town, office",U1\r\n"A ""B""",U2\r\n'
    path = world.folder / "unit.csv"
    path.write_bytes(text.encode())
    assert command(world, "load", path).returncode == 0
    assert world.sql("select code, name from reference.unit order by 1") == [("U1", "Town, office"), ("U2", 'A "B"')]


def test_two_maps_of_one_area(world):
    """What was moved has dates: each moment has its map."""
    before = area("4105", "district", (114, 36, 114.2, 36.2), valid_to="2016-12-27T00:00:00+08:00")
    after = area("4105", "district", (114, 36, 114.4, 36.2), valid_from="2016-12-27T00:00:00+08:00")
    load_areas(world, [before, after])
    there = [(114.3, 36.1)]
    assert locate(world, there, "--at=2016-12-26T15:59:59.999999Z") == [(None,) * 4]
    assert locate(world, there, "--at=2016-12-26T16:00:00Z") == [("4105", None, None, None)]


def test_loads_take_turns(world):
    """Two at once: both are loaded, one after the other, each under a number of its own."""
    (world.folder / "unit.csv").write_text("code,name\nU,N\n")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: command(world, "load", world.folder / "unit.csv"), range(6)))
    assert [run.returncode for run in done] == [0] * 6
    assert loads(world) == [("unit", version, 1) for version in range(1, 7)]


DEMO = ROOT / "deploy" / "reference" / "beiguan"


def test_the_demonstration(world):
    """It loads as it is, says of all its areas that they are invented, and is what its script writes."""
    done = command(world, "load", DEMO / "areas.geojson", *sorted(DEMO.glob("*.csv")))
    assert done.returncode == 0, done.stderr
    assert world.sql("select synthetic, count(*) from reference.area group by 1") == [(True, 149)]
    written = runpy.run_path(str(DEMO / "make_areas.py"))["text"]()
    assert (DEMO / "areas.geojson").read_text("utf-8") == written


# ---- what is refused ----

def changed(which, **properties):
    features = town()
    feature = next(feature for feature in features if feature["properties"]["code"] == which)
    feature["properties"] |= properties
    return features


def reshaped(code, geometry):
    features = town()
    next(feature for feature in features if feature["properties"]["code"] == code)["geometry"] = geometry
    return features


def polygon(*points):
    return {"type": "Polygon", "coordinates": [list(map(list, points))]}


GRID = "4105-1-1-001"
REFUSED_AREAS = {
    "not closed": (reshaped(GRID, polygon((114, 36), (114.1, 36), (114.1, 36.1), (114, 36.1))), GRID, "closed"),
    "crosses itself": (reshaped(GRID, polygon((114, 36), (114.1, 36.1), (114.1, 36), (114, 36.1), (114, 36))), GRID,
                       "Self-intersection at 114.05"),
    "no surface": (reshaped(GRID, polygon((114, 36), (114.1, 36), (114, 36), (114, 36))), GRID, ""),
    "a point": (reshaped(GRID, {"type": "Point", "coordinates": [114, 36]}), GRID, "neither a Polygon nor"),
    "no geometry": (reshaped(GRID, None), GRID, "no geometry"),
    "metres": (reshaped(GRID, polygon((1.27e7, 4.3e6), (1.28e7, 4.3e6), (1.28e7, 4.4e6), (1.27e7, 4.3e6))), GRID,
               "not degrees"),
    "latitude first": (reshaped(GRID, polygon((36, 114), (36.1, 114), (36.1, 114.1), (36, 114))), GRID, "not degrees"),
    "NaN": (reshaped(GRID, polygon((114, 36), (114.1, math.nan), (114.1, 36.1), (114, 36))), "areas.geojson",
            "line 1, column"),
    "twice": (town() + [town()[-1]], "4105-1-2-901", "is there twice"),
    "two areas of one code": (town() + [area(GRID, "community", (114.3, 36, 114.4, 36.2), "4105-2")], GRID, "is there twice"),
    "no such parent": (changed(GRID, parent_code="4105-1-9"), GRID, "parent 4105-1-9 is no area of a higher level"),
    "parent of its own level": (changed(GRID, parent_code="4105-1-1-002"), GRID, "is no area of a higher level"),
    "its own parent": (changed(GRID, parent_code=GRID), "feature 7", "parent_is_another"),
    "no level": (changed(GRID, level=None), GRID, '"level" is missing'),
    "another level": (changed(GRID, level="township"), "feature 7", "level"),
    "a number for a code": (changed(GRID, code=4105), "feature 7", '"code" is no text'),
    "an empty code": (changed(GRID, code=""), "feature 7", "code"),
    "sticks out": (town()[:1] + [area("4105-1", "subdistrict", (113.999, 36, 114.2, 36.2), "4105")], "4105-1",
                   "sticks out of its parent 4105"),
    "outside its community": (town() + [area("4105-2-1-001", "grid", (114.31, 36, 114.32, 36.1), "4105-2-1")],
                              "4105-2-1-001", "sticks out of its parent 4105-2-1"),
    "in another parent": (changed(GRID, parent_code="4105-2-1"), GRID, "sticks out of its parent 4105-2-1"),
    "a date without a zone": (changed(GRID, valid_from="2016-12-27"), "feature 7", "valid_from_has_a_zone"),
    "a date that is none": (changed(GRID, valid_from="2016-13-27T00:00:00Z"), "areas.geojson", "2016-13-27"),
    "ends before it begins": (changed(GRID, valid_from="2020-01-01T00:00:00Z", valid_to="2019-01-01T00:00:00Z"),
                              "areas.geojson", "valid_from_before_valid_to"),
    "begins before the one before ends": (
        [area("4105", "district", (114, 36, 115, 37), valid_to="2020-01-01T00:00:00Z"),
         area("4105", "district", (114, 36, 115, 37), valid_from="2019-06-01T00:00:00Z")], "4105",
        "is there twice at 2019-06-01"),
    "no features": ([], "areas.geojson", "no rows"),
}


@pytest.mark.parametrize("name", REFUSED_AREAS)
def test_areas_that_are_refused(world, name):
    """With the place and the reason; what was in force stays in force."""
    features, place, reason = REFUSED_AREAS[name]
    load_areas(world, town())
    done = load(world, {"areas.geojson": collection(features)})
    assert done.returncode == 65, done.stdout + done.stderr
    assert place in done.stderr and reason in done.stderr, done.stderr
    assert loads(world) == [("area", 1, 10)]
    assert locate(world, [(114.05, 36.05)]) == [("4105", "4105-1", "4105-1-1", GRID)]


def test_a_version_is_whole(world):
    """The newest one alone counts: where it begins later than the one before ended, or earlier, nothing of that one is
    left in the time between."""
    load_areas(world, town(valid_to="2020-01-01T00:00:00Z"))
    days, here = ("2019-01-01", "2019-09-01", "2021-01-01"), [(114.05, 36.05)]
    there, nowhere = ("4105", "4105-1", "4105-1-1", GRID), (None,) * 4
    for valid_from, wanted in ((None, (there, there, nowhere)), ("2019-06-01", (nowhere, there, there)),
                               ("2020-06-01", (nowhere, nowhere, there))):
        if valid_from:
            load_areas(world, town(valid_from=f"{valid_from}T00:00:00Z"))
        assert [locate(world, here, f"--at={day}T00:00:00Z")[0] for day in days] == list(wanted), valid_from


CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
REFUSED_FILES = {
    "another crs": ({"areas.geojson": collection(town(), crs=CRS)}, "its crs is urn:ogc:def:crs:EPSG::4490"),
    "no JSON": ({"areas.geojson": "{"}, "areas.geojson: line 1, column"),
    "NaN": ({"areas.geojson": collection(town()).replace("114.4", "NaN")}, "areas.geojson: line 1, column"),
    "no collection": ({"areas.geojson": json.dumps(town()[0])}, "no FeatureCollection"),
    "an empty file": ({"unit.csv": ""}, "unit.csv: it is empty"),
    "a header alone": ({"unit.csv": "code,name\n"}, "unit.csv: it has no rows"),
    "an unknown column": ({"unit.csv": "code,nome\nU,N\n"}, 'has a column "nome"; the table\'s are valid_from, valid_to, code'),
    "a column of ours": ({"unit.csv": "code,name,version\nU,N,7\n"}, 'has a column "version"'),
    "a missing column": ({"unit.csv": "code\nU\n"}, 'line 2: null value in column "name"'),
    "too many values": ({"unit.csv": "code,name\nU,N\nV,N,X\n"}, "line 3: extra data"),
    "a code twice": ({"unit.csv": "code,name\nU,N\nU,M\n"}, "unit U is there twice"),
    "no number": ({"dedup_rule.csv": "dedup_group,radius_m\nA,15\nB,wide\n"}, "line 3: invalid input syntax"),
    "a negative radius": ({"dedup_rule.csv": "dedup_group,radius_m\nA,-1\n"}, 'line 2: new row for relation "dedup_rule" '
                          'violates check constraint "radius_within_300_m"'),
    "a radius without bound": ({"dedup_rule.csv": "dedup_group,radius_m\nA,NaN\n"}, "radius_within_300_m"),
    "too large a radius": ({"dedup_rule.csv": "dedup_group,radius_m\nA,300.5\n"}, "radius_within_300_m"),
    "a negative window": ({"dedup_rule.csv": "dedup_group,reopen_window_s\nA,-1\n"}, "reopen_window_not_negative"),
    "an unknown anchor": ({"dedup_rule.csv": "dedup_group,anchor\nA,middle\n"}, "anchor"),
    "an unknown group": ({"dedup_rule.csv": RULE, "category.csv": CATEGORY.replace("RUBBISH", "NOISE")},
                         "category local-2026 01/01 there is no group NOISE"),
    "an unknown group of a unit": ({"responsibility.csv": "area_code,dedup_group,unit_code\n4105,NOISE,U1\n"},
                                   "responsibility 4105 NOISE there is no such group in dedup_rule"),
    "a rule of a group without a name": ({"dedup_rule.csv": "dedup_group,radius_m\n,15\n"}, "dedup_rule.csv: line 2"),
    "an unknown area": ({"unit.csv": "code,name,area_code\nU,N,9999\n"}, "unit U its area 9999 is no area"),
    "an unknown unit above": ({"unit.csv": "code,name,parent_code\nU,N,V\n"}, "unit U its parent V is no unit"),
    "an unknown time zone": (ALL | {"time_zone.csv": "area_code,name\n4105,Asia/Anyang\n"},
                             "time_zone 4105 there is no time zone Asia/Anyang"),
    "one of two files": ({"dedup_rule.csv": RULE, "unit.csv": "code,name\n,N\n"}, "unit.csv: line 2"),
    "not UTF-8": ({"unit.csv": "code,name\nU,N\udcff\n"}, "unit.csv: line 2"),
}


@pytest.mark.parametrize("name", REFUSED_FILES)
def test_files_that_are_refused(world, name):
    """With the reason; what was in force stays in force."""
    files, reason = REFUSED_FILES[name]
    load(world, ALL)
    before = loads(world), world.sql("select count(*) from reference.entry")
    paths = []
    for file_name, text in files.items():
        paths.append(world.folder / file_name)
        paths[-1].write_bytes(text.encode("utf-8", "surrogateescape"))
    done = command(world, "load", *paths)
    assert done.returncode == 65, done.stdout + done.stderr
    assert reason in done.stderr, done.stderr
    assert (loads(world), world.sql("select count(*) from reference.entry")) == before


def test_overlaps_are_measured_and_have_to_be_allowed(world):
    """0.01 by 0.01 degree at 36.005 degrees north are 1,111.95 m by 899.5 m on the sphere."""
    two = [area("B", "grid", (114, 36, 114.02, 36.01)), area("A", "grid", (114.01, 36, 114.03, 36.01)),
           area("C", "grid", (114.03, 36, 114.04, 36.01))]
    refused = load(world, {"areas.geojson": collection(two)})
    assert refused.returncode == 65 and loads(world) == []
    assert "area A overlaps B by 1000233 m2" in refused.stderr, refused.stderr
    assert "1 faults" in refused.stderr
    assert "area A overlaps B by 1000233 m2" in load_areas(world, two, "--allow-overlap").stdout
    assert [codes[3] for codes in locate(world, [(114.005, 36.005), (114.015, 36.005), (114.03, 36.005)])] == ["B", "A", "A"]


def test_exit_codes(world):
    assert command(world, "load").returncode == 64
    assert command(world, "load", world.folder / "nothing.csv").returncode == 64
    assert command(world, "load", world.folder / "unit.csv").returncode == 66
    assert command(world, "load", world.folder / "area.csv").returncode == 64
    assert command(world, "lode").returncode == 64
    assert command(world, "locate", "--point=1").returncode == 64
    assert command(world, "locate", "--point=1,2", "--at=yesterday").returncode == 64
    nothing = command(world, "locate", "--point=1,2")
    assert nothing.returncode == 65 and "no areas were loaded" in nothing.stderr
    load_areas(world, town())
    bad = command(world, "locate", input="114.1,36.1\n114.1\n")
    assert bad.returncode == 65 and "line 2" in bad.stderr


@pytest.mark.parametrize("user", ["gridloop_ingest", "gridloop_auditor", "gridloop"])
def test_nobody_changes_what_was_loaded(world, user):
    load(world, ALL)
    for table in ("area", "unit", "responsibility", "category", "dedup_rule", "position_default", "time_zone", "load"):
        for statement in ("update reference.{} set version = 2", "delete from reference.{}", "truncate reference.{}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                world.sql(statement.format(table), user=user)


def test_who_may_read(world):
    load_areas(world, town())
    assert world.sql("select count(*) from reference.area_in_force", user="gridloop_ingest") == [(10,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.sql("insert into reference.load (table_name, version, row_count, file_names) values ('area', 9, 1, '{}')",
                  user="gridloop_ingest")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.sql("select count(*) from reference.area", user="gridloop_auditor")


def test_everything_has_a_comment_in_two_languages(world):
    comments = world.sql(
        "select c.relname, a.attname, col_description(c.oid, a.attnum) from pg_class c "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 where c.relkind = 'r' "
        "and c.relnamespace = 'reference'::regnamespace "
        "union all select relname, '', obj_description(oid) from pg_class where relkind in ('r', 'v') "
        "and relnamespace = 'reference'::regnamespace")
    for table, column, text in comments:
        assert text and any("\u4e00" <= letter <= "\u9fff" for letter in text) and text[0].isascii(), (table, column)


# ---- where points lie: against shapely ----

def lowest(features, points):
    """Level -> the lowest code of those whose closed set has each point, by shapely."""
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    tree = shapely.STRtree(shapes)
    found = [[None] * 4 for _ in points]
    for point, shape in zip(*tree.query(shapely.points(points), predicate="intersects")):
        properties = features[shape]["properties"]
        level = ("district", "subdistrict", "community", "grid").index(properties["level"])
        before = found[point][level]
        found[point][level] = properties["code"] if before is None else min(before, properties["code"])
    return [tuple(codes) for codes in found]


def needs(path):
    return pytest.mark.skipif(not path.exists(), reason=f"there is no {path} (set GRIDLOOP_SHARED_DATA)")


BEIGUAN = DATA / "beiguan" / "grids.wgs84.geojson"
LA = DATA / "la311"


def beiguan():
    features = json.loads(BEIGUAN.read_text("utf-8"))["features"]
    for feature in features:
        if feature["properties"]["level"] == "township":
            feature["properties"]["level"] = "subdistrict"
    return features


@needs(BEIGUAN)
def test_points_in_beiguan(world):
    """Around the district, until 135,000 were in it: 470 areas, the same answers as shapely; each of those lies in
    exactly one grid, community and sub-district, which nest."""
    rng = world.rng()
    features = beiguan()
    load_areas(world, features)
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    district, = (shape for shape, feature in zip(shapes, features) if feature["properties"]["level"] == "district")
    west, south, east, north = district.bounds
    shapely.prepare(district)
    points, inside = [], 0
    while inside < 135_000:
        more = [(rng.uniform(west, east), rng.uniform(south, north)) for _ in range(10_000)]
        points += more
        inside += int(shapely.intersects_xy(district, more).sum())
    found = locate(world, points)
    assert found == lowest(features, points)
    assert all(all(codes) or not any(codes) for codes in found)
    parent = {feature["properties"]["code"]: feature["properties"].get("parent_code") for feature in features}
    assert all(parent[codes[level]] == codes[level - 1] for codes in set(found) if codes[0] for level in (1, 2, 3))
    grids = shapely.STRtree([shape for shape, feature in zip(shapes, features) if feature["properties"]["level"] == "grid"])
    hits = collections.Counter(grids.query(shapely.points(points), predicate="intersects")[0].tolist())
    assert len(hits) == inside and set(hits.values()) == {1}
    print(f"{inside} inside, each in one grid, and {len(points) - inside} outside")


@needs(LA / "requests.csv")
def test_districts_of_los_angeles(world):
    """Real requests and real districts, which overlap: each row as an independent program placed it."""
    features = json.loads((LA / "districts.wgs84.geojson").read_text("utf-8"))["features"]
    for feature in features:
        code = f"{int(feature['properties']['nc_id']):03}"
        feature["properties"] = {"code": code, "level": "subdistrict", "name": feature["properties"]["name"]}
    load_areas(world, features, "--allow-overlap")
    expected = json.loads((LA / "expected.json").read_text("utf-8"))["rows_expected"]
    with open(LA / "requests.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = locate(world, [(float(row["longitude"]), float(row["latitude"])) for row in rows])
    district = {row["srnumber"]: codes[1] and str(int(codes[1])) for row, codes in zip(rows, found)}
    assert district == {number: None if answer[0] == "OUTSIDE" else answer[0] for number, answer in expected.items()}
    assert len(district) == 9989
    assert sum(len(answer[1]) > 1 if isinstance(answer[1], list) else "," in answer[1]
               for answer in expected.values()) == 19


def star(rng, x, y):
    """Around a place, sometimes with a hole; None: it did not come out as a polygon."""
    corners = sorted(rng.sample(range(360), rng.randint(3, 40)))
    radii = [(corner, rng.uniform(0.2, 0.5)) for corner in corners]
    outer, inner = ([(x + scale * radius * math.cos(math.radians(angle)), y + scale * radius * math.sin(math.radians(angle)))
                     for angle, radius in radii] for scale in (1, 0.5))
    shape = shapely.Polygon(outer, [inner] if rng.random() < 0.4 else [])
    goes_round = max(b - a for a, b in zip(corners, corners[1:] + [corners[0] + 360])) < 180
    return shape if goes_round and shape.is_valid and shape.area > 0 else None


def cut_at_the_antimeridian(shape):
    """As RFC 7946 wants it: what lies beyond 180 degrees east stands in the west."""
    west = shapely.affinity.translate(shape.intersection(shapely.box(180, -90, 360, 90)), -360)
    parts = [part for piece in (shape.intersection(shapely.box(-180, -90, 180, 90)), west)
             for part in getattr(piece, "geoms", [piece]) if part.geom_type == "Polygon" and part.area > 0]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def random_areas(rng, count):
    """Stars around random places, overlapping freely; some lie across the 180th meridian, on the equator, at a pole."""
    features = []
    for number in range(count):
        x, y = rng.choice([(rng.uniform(-5, 5), rng.uniform(-5, 5)), (rng.uniform(179.4, 180.4), rng.uniform(-2, 2)),
                           (rng.uniform(0, 5), 89.5)])
        shape = star(rng, x, y)
        if shape is None:
            continue
        shape = cut_at_the_antimeridian(shape)
        if shape.is_valid:
            features.append({"type": "Feature", "geometry": json.loads(shapely.to_geojson(shape)), "properties": {
                "code": f"{rng.randrange(10 ** 6):06}-{number}", "level": "grid", "name": "star"}})
    return features


def corner_points(rng, features, count):
    """Corners, middles of edges as doubles have them, and points a hair beside both."""
    points = []
    while len(points) < count:
        shape = shapely.geometry.shape(rng.choice(features)["geometry"])
        part = rng.choice(getattr(shape, "geoms", [shape]))
        ring = rng.choice([part.exterior, *part.interiors])
        at = rng.randrange(len(ring.coords) - 1)
        (x1, y1), (x2, y2) = ring.coords[at][:2], ring.coords[at + 1][:2]
        share = rng.choice([0, 0.5, rng.random()])
        hair = rng.choice([0, 0, 1e-15, -1e-12, 1e-9])
        points.append((max(-180.0, min(180.0, x1 + share * (x2 - x1) + hair)), y1 + share * (y2 - y1)))
    return points


def test_points_on_edges(world):
    compare_random(world, areas=100, points=20_000)


@pytest.mark.long
def test_a_million_points(world):
    compare_random(world, areas=400, points=1_000_000)


ANYWHERE = ((-6, 6, -6, 6), (179, 180, -3, 3), (-180, -179, -3, 3), (0, 5, 89, 90))  # west, east, south, north


def somewhere(rng):
    west, east, south, north = rng.choice(ANYWHERE)
    return rng.choice([rng.uniform(west, east), rng.uniform(west, east), west, east]), rng.uniform(south, north)


def compare_random(world, areas, points):
    """A quarter anywhere near, the rest on and beside corners and edges, holes' too: the same lowest code as shapely.
    180 degrees east and west are two places: each has the areas that were cut there on its side."""
    rng = world.rng()
    features = random_areas(rng, areas)
    load_areas(world, features, "--allow-overlap")
    sample = [somewhere(rng) for _ in range(points // 4)]
    sample += corner_points(rng, features, points - len(sample))
    found = locate(world, sample)
    wanted = lowest(features, sample)
    different = [(point, ours, theirs) for point, ours, theirs in zip(sample, found, wanted) if ours != theirs]
    kinds = collections.Counter(feature["geometry"]["type"] for feature in features)
    edge = sum(abs(longitude) == 180 for longitude, _ in sample)
    print(f"{dict(kinds)}, {len(sample)} points, {edge} of them on the 180th meridian, "
          f"{sum(codes[3] is not None for codes in found)} in an area")
    assert not different, different[:5]
    assert kinds["MultiPolygon"] and edge
