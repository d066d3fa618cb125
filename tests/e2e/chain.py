"""The hash chain, gone through again from the tables alone: by COPY BINARY, struct and hashlib, and the definition in
consumers/runtime/chain.h."""
import collections
import hashlib
import struct

PRINT_SIZE = 4
OFFSET_OF = {"bus.gap": "stood_at"}  # else topic_offset


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def check_chain(world):
    """Says where the recorded heads are not those of what is stored."""
    with world.connect() as connection:
        connection.execute("begin isolation level repeatable read")
        return list(Chains(connection).check())


class Chains:
    def __init__(self, connection):
        self.ask = lambda statement: connection.execute(statement).fetchall()
        self.connection = connection

    def check(self):
        self.leaves = {}  # (letter, source, offset) -> leaf
        self.read_leaves("s", "layout_id", "stored > 0")
        self.read_leaves("x", "dead_letter_layout_id", "dead_letter > 0")
        self.read_gaps()
        tiles = collections.defaultdict(list)
        for source_id, *tile in self.ask("select source_id, from_offset, next_offset, outcomes, hash, prints from bus.batch "
                                         "where hash is not null order by from_offset"):
            tiles[source_id].append(tile)
        for source_id, next_offset, head, chained_from, *identity in self.ask(
                "select source_id, next_offset, head, chained_from, cluster_id, topic, topic_id, partition, incarnation "
                "from bus.progress join bus.source using (source_id) order by source_id"):
            lines = "\n".join(map(str, ["gridloop chain 1", source_id, *identity, chained_from]))
            yield from self.check_source(source_id, sha256(lines.encode()), tiles[source_id], next_offset, head)

    # ---- leaves ----

    def read_leaves(self, letter, column, condition):
        for layout_id, table, names, types in self.ask(
                f"select layout_id, table_name, columns, column_types from bus.layout where layout_id in "
                f"(select {column} from bus.batch where hash is not null and {condition})"):
            self.copy(letter, table, names, types,
                      f"join bus.batch b on b.source_id = r.source_id and b.from_offset <= r.topic_offset "
                      f"and r.topic_offset < b.next_offset and b.hash is not null and b.{column} = {layout_id}")

    def read_gaps(self):
        self.gaps = collections.defaultdict(list)
        for layout_id, table, names, types in self.ask(
                "select layout_id, table_name, columns, column_types from bus.layout where table_name = 'bus.gap'"):
            for gap_id, source_id, stood_at in self.ask(f"select gap_id, source_id, stood_at from bus.gap where "
                                                        f"layout_id = {layout_id} order by gap_id"):
                self.copy("g", table, names, types, f"where gap_id = {gap_id}")
                self.gaps[source_id, stood_at].append(self.leaves["g", source_id, stood_at])

    def copy(self, letter, table, names, types, rest):
        digest = sha256("".join([f"{table}\n"] + [f"{name} {of}\n" for name, of in zip(names, types)]).encode())
        count = struct.pack(">h", len(names))
        listed = ", ".join(f'r."{name}"::{of}' for name, of in zip(names, types))
        place = OFFSET_OF.get(table, "topic_offset")
        for row in self.copied(f"copy (select r.source_id, r.{place}, {listed} from {table} r {rest}) "
                               "to stdout (format binary)"):
            _, source_id, _, offset = struct.unpack_from(">iiiq", row, 2)
            self.leaves[letter, source_id, offset] = sha256(digest, count, row[22:])

    def copied(self, statement):
        """libpq gives the rows one by one, the head of the file in front of the first, its end behind the last."""
        with self.connection.cursor().copy(statement) as copy:
            for index, data in enumerate(copy):
                row = bytes(data)[19 if index == 0 else 0:]
                if row != b"\xff\xff":
                    yield row

    # ---- heads ----

    def check_source(self, source_id, head, tiles, next_offset, last):
        gaps = {stood_at: list(leaves) for (source, stood_at), leaves in self.gaps.items() if source == source_id}
        for from_offset, behind, outcomes, recorded, prints in tiles:
            head = self.pass_gaps(head, gaps, from_offset)
            head, found = self.pass_tile(source_id, head, from_offset, outcomes)
            if head != recorded:
                yield f"chain of source {source_id}: batch {from_offset} to {behind} has another head"
                head = recorded
            if found != prints:
                yield f"chain of source {source_id}: batch {from_offset} to {behind} has other prints"
        head = self.pass_gaps(head, gaps, next_offset)
        if head != last:
            yield f"chain of source {source_id}: bus.progress has another head at {next_offset}"

    def pass_gaps(self, head, gaps, offset):
        for leaf in gaps.pop(offset, []):
            head = sha256(head, struct.pack(">q", offset), b"g", leaf)
        return head

    def pass_tile(self, source_id, head, offset, outcomes):
        prints = []
        for run in outcomes.split():
            for offset in range(offset, offset + int(run[1:])) if run[0] in "sdx" else ():
                leaf = self.leaves.get((run[0], source_id, offset), b"no row") if run[0] != "d" else b""
                head = sha256(head, struct.pack(">q", offset), run[0].encode(), leaf)
                prints.append(leaf[:PRINT_SIZE])
            offset = offset + 1 if run[0] in "sdx" else offset + int(run[1:])
        return head, b"".join(prints)
