"""Rows put into the tables by SQL, where a test needs a history that no daemon could make in its time.

What a row has to have and the test does not care about is filled in by type. Events get a place of their own, and
book() writes the batches that account for them.
"""
import datetime
import json
import uuid

import psycopg.sql

LOCAL = datetime.timezone(datetime.timedelta(hours=8))
FILLED = {"text": "x", "integer": 0, "bigint": 0, "smallint": 0, "double precision": 0.0, "real": 0.0, "boolean": False,
          "bytea": bytes(32), "json": "[]"}


def local(text):
    """"03-05 08:30" in Anyang, in 2024."""
    return datetime.datetime.strptime("2024-" + text, "%Y-%m-%d %H:%M").replace(tzinfo=LOCAL)


def some_id(name):
    """The same for the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


class Rows:
    def __init__(self, world):
        self.world, self.connection = world, world.connect()
        self.columns, self.sources, self.offsets = {}, {}, {}
        self.link_seq = 0

    def close(self):
        self.connection.close()

    def _needed(self, table):
        """Columns that must have a value and have none by themselves: name -> type."""
        if table not in self.columns:
            self.columns[table] = dict(self.connection.execute(
                "select column_name, data_type from information_schema.columns where table_schema = %s and "
                "table_name = %s and is_nullable = 'NO' and column_default is null and is_identity = 'NO' "
                "and is_generated = 'NEVER'", table.split(".")).fetchall())
        return self.columns[table]

    def add(self, table, **values):
        values = {name: self._fill(type_) for name, type_ in self._needed(table).items() if name not in values} | values
        statement = psycopg.sql.SQL("insert into {} ({}) values ({})").format(
            psycopg.sql.Identifier(*table.split(".")),
            psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, values)),
            psycopg.sql.SQL(", ").join(psycopg.sql.Placeholder() * len(values)))
        self.connection.execute(statement, list(values.values()))
        return values

    @staticmethod
    def _fill(type_):
        return str(uuid.uuid4()) if type_ == "uuid" else FILLED.get(type_, local("03-01 00:00"))

    # ---- events ----

    def _place(self, kind):
        if kind not in self.sources:
            self.sources[kind] = self.connection.execute(
                "insert into bus.source (cluster_id, topic, topic_id, partition, incarnation) select 'c', %s, %s, 0, "
                "count(*) from bus.source where topic_id = %s returning source_id",
                (self.world.topic(kind), kind, kind)).fetchone()[0]
        self.offsets[kind] = self.offsets.get(kind, -1) + 1
        return {"source_id": self.sources[kind], "topic_offset": self.offsets[kind]}

    def event(self, kind, at, name=None, **values):
        """recorded a minute later and stored a second after that, unless values say otherwise."""
        recorded = values.get("recorded_at", at + datetime.timedelta(minutes=1))
        return self.add(f"events.{kind}", **{
            "event_id": some_id(name) if name else str(uuid.uuid4()), "occurred_at": at, "recorded_at": recorded,
            "stored_at": recorded + datetime.timedelta(seconds=1)} | self._place(kind) | values)

    def book(self):
        """One batch for each source, with all its events; its hash is none."""
        for kind, source in self.sources.items():
            count = self.offsets[kind] + 1
            self.add("bus.progress", source_id=source, from_offset=0, next_offset=count, head=bytes(32))
            self.add("bus.batch", source_id=source, from_offset=0, next_offset=count, stored=count, outcomes=f"s{count}",
                     hash=bytes(32), prints=b"")

    # ---- cases ----

    def case(self, name, state, seen, **values):
        """An open question of the clock is answered by values: due_at and so on."""
        self.link_seq += 1
        return self.add("follow_up.case_file", **{
            "case_id": some_id(name), "kind": "drone_alert", "case_kind": "DRONE_ALERT", "state": state,
            "dedup_group": "RUBBISH", "category_scheme": "local", "category_code": "LIVING/RUBBISH", "unit_code": "U1",
            "first_seen_at": seen, "last_seen_at": seen, "standing": 1, "opened_seq": self.link_seq} | values)["case_id"]

    def sighting(self, case, outcome, event, kind="drone_alert", **values):
        self.link_seq += 1
        return self.add("follow_up.sighting", **{
            "source_id": event["source_id"], "topic_offset": event["topic_offset"], "link_seq": self.link_seq,
            "kind": kind, "event_id": event["event_id"], "message": "report", "report_id": event["event_id"],
            "outcome": outcome, "basis": "distance", "flags": 0, "case_id": case, "dedup_group": "RUBBISH",
            "rule_version": 1, "counted_at": event["occurred_at"], "is_test": event.get("is_test", False)} | values)

    def alert(self, case, outcome, at, name=None, test=False, hangar="H1", detector="v1", **values):
        """An alert and its sighting."""
        event = self.event("drone_alert", at, name, captured_at=at, message_type="ALERT", hangar_id=hangar,
                           detector_name="yolo", detector_version=detector, category_scheme="local",
                           major_class_code="LIVING", minor_class_code="RUBBISH", is_test=test)
        self.sighting(case, outcome, event, **values)
        return event

    def step(self, case, version, action, states, at, actor="platform", unit=None, photos=0, result=None,
             outcome="applied", reason=None, test=False, **values):
        """states: "FILED>DISPATCHED". With a unit it is a person's action, and stored as one; values are its fields."""
        self.link_seq += 1
        before, after = states.split(">")
        place = {}
        if unit:
            event = self.event(
                "case_action", at, case_id=case, case_no="n", action_type=action, action_result=result, actor_ref=actor,
                actor_unit_code=unit, case_version=version, from_status=before, to_status=after, is_test=test,
                photos=json.dumps([{"photo_kind": "NEAR"}] * photos) if photos else None, **values)
            place = {name: event[name] for name in ("event_id", "source_id", "topic_offset")}
        self.add("follow_up.case_step", link_seq=self.link_seq, named_id=case, case_id=case, case_version=version,
                 actor=actor, action=action, result=result, outcome=outcome, reason=reason, from_state=before,
                 to_state=after, stepped_at=at, recorded_at=at, **place)
