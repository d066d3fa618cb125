"""Where events lie: stored beside what was reported, by the areas in force when the batch began and valid when the
event occurred."""
import gzip
import json

import pytest

import places
from checker import check_all
from events import KINDS, micros
from producer import produce
from reference import DATA, area, collection, command, load, load_areas, town
from world import good, json_lines

BOX = (113.9, 35.9, 114.5, 36.3)  # of town(), and something around it
LOCATED = "located_grid_code, located_community_code, located_subdistrict_code, located_version"


def at(kind, rng, longitude, latitude, crs="WGS84", **changes):
    """A new event with this position, given in WGS-84 and reported in crs."""
    if crs in ("GCJ02", "BD09"):
        longitude, latitude = places.gcj02_of_wgs84(longitude, latitude)
    if crs == "BD09":
        longitude, latitude = places.bd09_of_gcj02(longitude, latitude)
    names = places.POSITIONS[kind]
    return KINDS[kind].fresh(rng, **{names[0]: longitude, names[1]: latitude, "source_crs": crs} | changes)


def anywhere(kind, rng, **changes):
    west, south, east, north = BOX
    return at(kind, rng, rng.uniform(west, east), rng.uniform(south, north),
              rng.choice(["WGS84", "CGCS2000", "GCJ02", "BD09"]), **changes)


@pytest.mark.parametrize("kind", places.POSITIONS)
def test_every_kind_in_every_system(world, kind):
    """500 events around the town; the same answers as shapely gives for the point in WGS-84."""
    rng = world.rng()
    load_areas(world, town())
    world.areas = {1: town()}
    world.make_topic(kind, partitions=2)
    world.produce(good(kind, anywhere(kind, rng)) for _ in range(500))
    world.settle_and_stop(world.consumer(kind))
    check_all(world)
    found = world.sql(f"select count(located_grid_code), count(*) from events.{kind}")[0]
    assert 40 < found[0] < found[1] == 500


def test_a_known_place(world):
    """As an operator would look: Chinese map coordinates, half a kilometre off, lie in the right grid."""
    rng = world.rng()
    load_areas(world, town())
    world.areas = {1: town()}
    world.make_topic("drone_alert")
    world.produce([good("drone_alert", at("drone_alert", rng, 114.0985, 36.05, "GCJ02"))])
    world.settle_and_stop(world.consumer("drone_alert"))
    assert world.sql(f"select round(wgs84_longitude::numeric, 8)::float8, {LOCATED} from events.drone_alert") == [
        (114.0985, "4105-1-1-001", "4105-1-1", "4105-1", 1)]
    reported = world.sql("select longitude from events.drone_alert")[0][0]
    assert locate_one(world, reported, 36.05) == "4105-1-2-001"  # where it would have been put
    check_all(world)


def locate_one(world, longitude, latitude):
    return command(world, "locate", f"--point={longitude},{latitude}").stdout.split("\t")[5].strip()


def test_by_the_map_of_its_day(world):
    """A boundary moved at midnight: each event lies where it lay then."""
    rng = world.rng()
    midnight = "2016-12-27T00:00:00+08:00"
    maps = [area("S", "subdistrict", (114, 36, 114.2, 36.2), valid_to=midnight),
            area("S", "subdistrict", (114, 36, 114.4, 36.2), valid_from=midnight)]
    load_areas(world, maps)
    world.areas = {1: maps}
    moments = [micros(midnight) + offset for offset in (-1, 0, -86_400_000_000, 86_400_000_000)]
    world.make_topic("patrol_log")
    world.produce(good("patrol_log", at("patrol_log", rng, 114.3, 36.1, occurred_at=moment)) for moment in moments)
    world.settle_and_stop(world.consumer("patrol_log"))
    assert world.sql("select located_subdistrict_code from events.patrol_log order by topic_offset") == [
        (None,), ("S",), (None,), ("S",)]
    check_all(world)


def test_a_newer_load_without_a_restart(world):
    """Batches that begin after a load was committed use it; a refused load changes nothing."""
    rng = world.rng()
    kind = "inspection_finding"
    moved = [area("Z", "grid", (114, 36, 114.4, 36.2))]
    load_areas(world, town())
    world.areas = {1: town(), 2: moved}
    world.make_topic(kind)
    daemon = world.consumer(kind)
    for expected, features in ((1, None), (2, moved), (2, "refused")):
        if features == "refused":
            assert load(world, {"areas.geojson": collection(moved + moved)}).returncode == 65
        elif features:
            load_areas(world, features)
        sent = world.produce([good(kind, anywhere(kind, rng)) for _ in range(50)])
        world.settle(kind)
        assert world.sql(f"select distinct located_version from events.{kind} where topic_offset >= %s",
                         sent[0].offset) == [(expected,)]
    daemon.stop()
    check_all(world)


def test_without_any_areas(world):
    """Positions are converted, codes are null, and it is said once; the first load is taken up."""
    rng = world.rng()
    world.areas = {None: [], 1: town()}
    world.make_topic("drone_alert")
    daemon = world.consumer("drone_alert", batch_rows=10)
    world.produce(good("drone_alert", anywhere("drone_alert", rng)) for _ in range(50))
    world.settle("drone_alert")
    assert world.sql("select count(wgs84_longitude), count(located_version) from events.drone_alert") == [(50, 0)]
    load_areas(world, town())
    world.produce(good("drone_alert", anywhere("drone_alert", rng)) for _ in range(50))
    world.settle_and_stop(daemon)
    assert world.sql("select count(located_version) from events.drone_alert") == [(50,)]
    warnings = [line for line in daemon.log() if line["msg"].startswith("no areas are loaded")]
    assert len(warnings) == 1
    check_all(world)


@pytest.mark.parametrize("kind", places.POSITIONS)
def test_what_cannot_be_placed(world, kind):
    """A position in no system, or of a device without a fix, is set aside with the field; the others are stored."""
    rng = world.rng()
    load_areas(world, town())
    world.areas = {1: town()}
    world.make_topic(kind)
    unknown, nowhere = at(kind, rng, 114.1, 36.1, "UNKNOWN"), at(kind, rng, 0, 0)
    province = at(kind, rng, 121.5, 31.2, "GCJ02")  # another one: a fact
    world.produce([good(kind, unknown), good(kind, nowhere), good(kind, unknown), good(kind, province),
                   good(kind, anywhere(kind, rng))])
    world.settle_and_stop(world.consumer(kind))
    longitude = places.POSITIONS[kind][0]
    assert world.sql("select topic_offset, reason, field from bus.dead_letter order by 1") == [
        (0, "requires", "source_crs"), (1, "range", longitude), (2, "requires", "source_crs")]
    assert world.sql(f"select {LOCATED} from events.{kind} where event_id = %s", province["event_id"]) == [
        (None, None, None, 1)]
    check_all(world)


def test_places_change_nothing_about_repeats(world):
    """The same event under another version is the same event; the hash is that of a database without areas."""
    rng = world.rng()
    load_areas(world, town())
    world.areas = {1: town(), 2: town()[:3]}
    world.make_topic("drone_alert")
    events = [anywhere("drone_alert", rng) for _ in range(20)]
    world.produce(good("drone_alert", event) for event in events)
    world.settle_and_stop(world.consumer("drone_alert"))
    load_areas(world, town()[:3])
    world.produce(good("drone_alert", event) for event in events)
    world.settle_and_stop(world.consumer("drone_alert"))
    check_all(world)
    assert world.sql("select sum(stored), sum(duplicate) from bus.batch") == [(20, 20)]
    without = world.twin()
    without.settle_and_stop(without.consumer("drone_alert"))
    hashes = "select event_id, content_hash from events.drone_alert order by 1"
    assert without.sql(hashes) == world.sql(hashes)


# ---- again, later ----

def test_re_enrich(world):
    """What a newer version says is kept beside what was stored; running it twice adds nothing."""
    rng = world.rng()
    load_areas(world, town())
    day = micros("2026-01-05T00:00:00+08:00")
    inside = [anywhere("drone_alert", rng, occurred_at=day + number) for number in range(30)]
    late = [anywhere("drone_alert", rng, occurred_at=day + 86_400_000_000)]
    world.make_topic("drone_alert")
    world.produce(good("drone_alert", event) for event in inside + late)
    world.settle_and_stop(world.consumer("drone_alert"))
    before = world.sql(f"select event_id, {LOCATED} from events.drone_alert order by 1")
    moved = [area("Z", "grid", (114, 36, 114.4, 36.2))]
    load_areas(world, moved)
    span = ("--from=2026-01-05T00:00:00+08:00", "--to=2026-01-06T00:00:00+08:00")
    done = command(world, "re-enrich", *span)
    assert done.returncode == 0 and "30 looked up by version 2" in done.stdout, done.stdout + done.stderr
    areas = places.Areas(moved)
    rows = world.sql("select n.event_id, wgs84_longitude, wgs84_latitude, n.located_grid_code, "
                     "n.located_community_code, n.located_subdistrict_code, n.located_version "
                     "from events.enrichment n join events.drone_alert using (event_id) where kind = 'drone_alert'")
    assert {str(row[0]) for row in rows} == {event["event_id"] for event in inside}
    for _, longitude, latitude, *codes, version in rows:
        assert version == 2 and tuple(codes) == areas.locate((longitude, latitude), day)
    assert "0 looked up" in command(world, "re-enrich", *span).stdout
    assert world.sql(f"select event_id, {LOCATED} from events.drone_alert order by 1") == before
    assert world.sql("select count(*) from events.enrichment") == [(30,)]


def test_re_enrich_exit_codes(world):
    span = ("--from=2026-01-05T00:00:00Z", "--to=2026-01-06T00:00:00Z")
    assert command(world, "re-enrich").returncode == 64
    assert command(world, "re-enrich", *reversed(span), "--to=2026-01-04T00:00:00Z").returncode == 64
    assert command(world, "re-enrich", "--from=2026-01-05", span[1]).returncode == 64
    nothing = command(world, "re-enrich", *span)
    assert nothing.returncode == 65 and "no areas were loaded" in nothing.stderr


# ---- real requests and real districts ----

LA = DATA / "la311"


@pytest.mark.slow
@pytest.mark.skipif(not LA.exists(), reason=f"there is no {LA} (set GRIDLOOP_SHARED_DATA)")
def test_districts_of_los_angeles(world):
    """9,989 real requests through producers and consumers: each lies in the district that an independent program
    found."""
    features = json.loads((LA / "districts.wgs84.geojson").read_text("utf-8"))["features"]
    for feature in features:
        feature["properties"] = {"code": f"{int(feature['properties']['nc_id']):03}", "level": "subdistrict",
                                 "name": feature["properties"]["name"]}
    load_areas(world, features, "--allow-overlap")
    lines = {"inspection_finding": [], "patrol_log": []}
    with gzip.open(LA / "events.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in map(json.loads, file):
            if (kind := line.pop("kind")) in lines:
                lines[kind].append(line)
    world.setup()
    for kind, of_kind in lines.items():
        run = produce(world, kind, json_lines(of_kind))
        assert run.code == 0, run.said
    world.settle_and_stop(*[world.consumer(kind, wait=False) for kind in lines], timeout=120)
    found = dict(world.sql("select event_id::text, located_subdistrict_code from events.inspection_finding union all "
                           "select event_id::text, located_subdistrict_code from events.patrol_log"))
    answers = json.loads((LA / "expected.json").read_text("utf-8"))["rows_expected"].values()
    expected = {answer[5]: None if answer[0] == "OUTSIDE" else f"{int(answer[0]):03}" for answer in answers}
    assert found == expected and len(found) == 9989
