"""Where an event lies, by code that is not ours: the published formulas of the Chinese offsets, and shapely."""
import datetime
import math

import shapely

POSITIONS = {"drone_alert": ("longitude", "latitude"), "inspection_finding": ("longitude", "latitude"),
             "patrol_log": ("start_lon", "start_lat"), "case_action": ("action_lon", "action_lat")}  # the others have none
NEAR = 1e-9  # degrees


def position_of(kind, event):
    """(longitude, latitude) as reported; None without one."""
    position = tuple(event[name] for name in POSITIONS.get(kind, ()))
    return position if position and None not in position else None


def why_unplaceable(kind, event):
    """The reason of the dead letter that an event has to become because of its position; None: it can be placed."""
    position = position_of(kind, event)
    if position is None:
        return None
    if position == (0, 0):
        return "range"
    return "requires" if event["source_crs"] in (None, "UNKNOWN") else None


# ---- coordinate systems ----

def in_china(longitude, latitude):
    return 72.004 <= longitude <= 137.8347 and 0.8293 <= latitude <= 55.8271


def gcj02_of_wgs84(longitude, latitude):
    a, ee = 6378245.0, 0.00669342162296594323
    x, y = longitude - 105.0, latitude - 35.0
    shared = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + shared
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + shared
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = math.radians(latitude)
    magic = 1 - ee * math.sin(phi) ** 2
    return (longitude + math.degrees(east / (a / math.sqrt(magic) * math.cos(phi))),
            latitude + math.degrees(north / (a * (1 - ee) / (magic * math.sqrt(magic)))))


def bd09_of_gcj02(longitude, latitude):
    waves = math.pi * 3000.0 / 180.0
    z = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * waves)
    theta = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * waves)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006


def is_same_place(crs, reported, wgs84):
    """Whether a point in WGS-84 is the one that was reported."""
    if crs in ("GCJ02", "BD09") and in_china(*reported):
        wgs84 = gcj02_of_wgs84(*wgs84)
        if crs == "BD09":
            wgs84 = bd09_of_gcj02(*wgs84)
    return all(abs(found - said) < NEAR for found, said in zip(wgs84, reported))


# ---- areas ----

def moment(text, default):
    if text is None:
        return default
    return (datetime.datetime.fromisoformat(text) - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            ) // datetime.timedelta(microseconds=1)


class Areas:
    """GeoJSON features; a point gets the lowest code of those whose closed set has it."""

    def __init__(self, features):
        self.properties = [feature["properties"] for feature in features]
        self.dates = [(moment(of.get("valid_from"), -math.inf), moment(of.get("valid_to"), math.inf))
                      for of in self.properties]
        self.tree = shapely.STRtree([shapely.geometry.shape(feature["geometry"]) for feature in features])

    def locate(self, point, at_us):
        """(grid, community, subdistrict), None where there is none."""
        found = {}
        for number in self.tree.query(shapely.Point(point), predicate="intersects"):
            of, (valid_from, valid_to) = self.properties[number], self.dates[number]
            if valid_from <= at_us < valid_to:
                found.setdefault(of["level"], []).append(of["code"])
        return tuple(min(found[level]) if level in found else None for level in ("grid", "community", "subdistrict"))
