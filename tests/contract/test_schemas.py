"""The contract in schemas/ holds together; and the checks themselves see what is wrong."""
import copy
import json

import pytest

import check_schemas as contract

FILES = [path for kind in contract.KINDS for path in contract.schema_files(kind)]


def names(value):
    return str(value.relative_to(contract.ROOT)) if hasattr(value, "relative_to") else None


def example(kind, name):
    return json.loads((contract.SCHEMAS / kind / "examples" / f"{name}.json").read_text("utf-8"))


def test_there_are_schemas():
    assert {"drone_alert", "patrol_log", "inspection_finding", "case_action", "flight_task"} <= set(contract.KINDS)


@pytest.mark.parametrize("path", FILES, ids=names)
def test_schema(path):
    schema = contract.Schema(path)
    assert schema.avro["name"] == "gridloop." + schema.json["name"]
    assert list(contract.check_schema(path.parent.name, schema)) == []


@pytest.mark.parametrize("kind", contract.KINDS)
def test_evolution(kind):
    assert list(contract.check_evolution(kind)) == []


def test_kinds_agree():
    assert [*contract.check_common_fields(), *contract.check_shared_types()] == []


@pytest.mark.parametrize("kind", contract.STORED_KINDS)
def test_examples(kind):
    assert list(contract.check_examples(kind)) == []


@pytest.mark.parametrize("kind", contract.STORED_KINDS)
def test_table(kind):
    assert list(contract.check_table(kind)) == []


@pytest.mark.skipif(not contract.REAL_EVENTS.exists(),
                    reason=f"{contract.REAL_EVENTS} is not there (GRIDLOOP_SHARED_DATA names its folder)")
def test_real_events():
    count, problems = contract.check_real_events()
    assert problems[:20] == []
    assert sum(count.values()) == contract.REAL_EVENTS_COUNT


# ---- the checks see what is wrong ----

@pytest.mark.parametrize("kind, changes, reason", [
    ("drone_alert", {"colour": "red"}, "colour: unknown field"),
    ("drone_alert", {"alert_id": None}, "alert_id: is not of type string"),
    ("drone_alert", {"alert_id": ""}, "alert_id: is too short"),
    ("drone_alert", {"alert_id": "灯" * 201}, "alert_id: is too long"),
    ("drone_alert", {"confidence": 1.01}, "confidence: is above the maximum"),
    ("drone_alert", {"confidence": float("nan")}, "confidence: is not a number"),
    ("drone_alert", {"latitude": -90.5}, "latitude: is below the minimum"),
    ("drone_alert", {"bbox_xmin": None}, "bbox_ymin: needs bbox_xmin; bbox_xmax: needs bbox_xmin; bbox_ymax: needs bbox_xmin"),
    ("drone_alert", {"area_m2": 4800}, "area_m2: unknown field"),
    ("drone_alert", {"bbox_xmin": True}, "bbox_xmin: is not a number"),
    ("drone_alert", {"bbox_xmin": 1 << 31}, "bbox_xmin: is not an int"),
    ("drone_alert", {"captured_at": "2026-03-10T09:41:07"}, "captured_at: is not a time of RFC 3339 with a zone and at most six decimals"),
    ("drone_alert", {"captured_at": "2026-02-30T09:41:07Z"}, "captured_at: is no time that exists"),
    ("drone_alert", {"event_id": "7"}, "event_id: is not a UUID"),
    ("drone_alert", {"source_crs": "WGS72"}, "source_crs: is not of type enum"),
    ("drone_alert", {"image_sha256": "g" * 64}, "image_sha256: is not 64 hex digits"),
    ("drone_alert", {"target_polygon": [{"longitude": 181, "latitude": 0}]}, "target_polygon: longitude: is above the maximum"),
    ("drone_alert", {"target_polygon": [{"longitude": 0, "latitude": 0}] * 10_001}, "target_polygon: has too many items"),
    ("patrol_log", {"category": "SPOIL_HEAP"}, "category: needs start_lon; category: needs start_lat; category: needs source_crs; category: needs raised_case_ids"),
    ("patrol_log", {"start_lon": 114.3}, "start_lon: needs start_lat; start_lon: needs source_crs"),
    ("patrol_log", {"attachment_object_keys": ["a"], "attachment_sha256": ["a"]}, "attachment_sha256: is not 64 hex digits"),
    ("patrol_log", {"remark": "电话13800000000，"}, "remark: holds a personal number"),
    ("patrol_log", {"remark": "证号11010119900307002X。"}, "remark: holds a personal number"),
    ("inspection_finding", {"secrecy_flag": True}, "secrecy_flag: must be false"),
    ("inspection_finding", {"fed_back_at": "2026-03-09T15:00:00Z"}, "fed_back_at: needs next_follow_up_at"),
    ("case_action", {"action_lon": 114.3, "action_lat": 36.1}, "action_lon: needs source_crs; action_lat: needs source_crs"),
])
def test_broken_event_is_seen(kind, changes, reason):
    event = example(kind, "ordinary") | changes
    assert contract.check_event(contract.newest(kind), event) == [reason]


@pytest.mark.parametrize("remark", [
    "编号113800000000", "序号13800000000a", "批次110101199003070000", "f13800000000f",
])
def test_what_only_looks_like_a_personal_number_passes(remark):
    event = example("patrol_log", "ordinary") | {"remark": remark}
    assert contract.check_event(contract.newest("patrol_log"), event) == []


def set_in(*path):
    """A change of a schema's fields (by name): follow the path, set what stands at its end to value."""
    *keys, last, value = path

    def change(fields):
        place = fields
        for key in keys:
            place = place[key]
        place[last] = value
    return change


@pytest.mark.parametrize("change, reason", [
    (set_in("alert_id", "doc", ""), "drone_alert.alert_id: needs a doc of English sentences"),
    (set_in("alert_id", "gridloop.colour", 1), "drone_alert.alert_id: unknown attribute gridloop.colour"),
    (set_in("alert_id", "gridloop.minimum", 1), "drone_alert.alert_id: gridloop.minimum does not go with string"),
    (set_in("confidence", "gridloop.minimum", "0"), "drone_alert.confidence: gridloop.minimum has a value of the wrong type"),
    (set_in("bbox_xmin", "gridloop.requires", ["bbox"]), "drone_alert.bbox_xmin: requires bbox, which is no other field"),
    (set_in("bbox_xmin", "gridloop.requires", ["alert_id"]), "drone_alert.bbox_xmin: requires alert_id, which is never null"),
    (set_in("track_id", "type", ["string", "null"]), 'drone_alert.track_id: the only union is ["null", T]'),
    (set_in("urgency", "type", "default", "PAST"), "drone_alert.urgency: an enum begins with UNKNOWN and defaults to it"),
    (set_in("target_polygon", "type", 1, "items", "fields", 0, "doc", "经度。"), "drone_alert.target_polygon.longitude: needs a doc of English sentences"),
])
def test_broken_schema_is_seen(change, reason):
    changed = copy.deepcopy(contract.newest("drone_alert").json)
    change({field["name"]: field for field in changed["fields"]})
    assert list(contract.check_schema("drone_alert", contract.Schema(changed))) == [reason]


@pytest.mark.parametrize("change, reason", [
    (lambda fields: fields.insert(0, fields.pop()), "v2: is_thermal stands in the place of event_id"),
    (lambda fields: fields[-1].pop("default"), "v2: is_thermal is new and has no default"),
    (lambda fields: fields.pop(), None),
    (lambda fields: [field.pop("aliases", None) for field in fields],
     "v2: target_area_m2 stands in the place of area_m2"),
    (lambda fields: next(field for field in fields if field["name"] == "urgency")["type"]["symbols"].insert(1, "NOW"),
     "v2: Urgency does not begin with the symbols that it had"),
])
def test_a_version_that_breaks_the_one_before_it_is_seen(change, reason):
    first, second = (contract.Schema(path) for path in contract.schema_files("drone_alert")[:2])
    changed = copy.deepcopy(second.json)
    change(changed["fields"])
    found = list(contract.check_evolution("drone_alert", [first, contract.Schema(changed)]))
    assert found[:1] == ([f"drone_alert: {reason}"] if reason else [])
