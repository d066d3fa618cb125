"""Random schemas, readers that evolved from writers, and what the Avro specification says of the two.

A type is a Type here; named types that stand in several places are one object.
"""
import dataclasses
import string
import struct
import uuid

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PROMOTIONS = {"int": ("long", "float", "double"), "long": ("float", "double"), "float": ("double",),
              "string": ("bytes",), "bytes": ("string",)}
SYMBOLS = string.ascii_uppercase[:8]
LOGICAL = {"string": "uuid", "long": "timestamp-micros"}


@dataclasses.dataclass(eq=False)
class Type:
    kind: str
    logical: str = None
    name: str = None        # record, enum, fixed: with its namespace
    aliases: list = None    # full names
    fields: list = None     # record
    symbols: list = None    # enum
    default: str = None     # enum
    size: int = None        # fixed
    items: list = None      # array and map: one; union: its branches


@dataclasses.dataclass(eq=False)
class Field:
    name: str
    type: Type
    aliases: list = None
    default: object = dataclasses.field(default_factory=lambda: NONE)


NONE = object()  # no default


class Json:
    """Writes a schema: each named type in full where it stands first, by its name afterwards."""

    def __init__(self):
        self.seen = set()

    def type(self, type_):
        if type_.kind in PRIMITIVES:
            return self.primitive(type_)
        if type_.kind == "union":
            return [self.type(branch) for branch in type_.items]
        if type_.kind == "array":
            return {"type": "array", "items": self.type(type_.items[0])}
        if type_.kind == "map":
            return {"type": "map", "values": self.type(type_.items[0])}
        return self.named(type_)

    def primitive(self, type_):
        return {"type": type_.kind, "logicalType": type_.logical} if type_.logical else type_.kind

    def named(self, type_):
        if type_.name in self.seen:
            return type_.name
        self.seen.add(type_.name)
        return self.definition(type_, type_.name, type_.aliases)

    def definition(self, type_, name, aliases):
        out = {"type": type_.kind, "name": name}
        if aliases:
            out["aliases"] = aliases
        if type_.kind == "fixed":
            return out | {"size": type_.size}
        if type_.kind == "enum":
            return out | {"symbols": type_.symbols} | ({"default": type_.default} if type_.default else {})
        return out | {"fields": [self.field(field) for field in type_.fields]}

    def field(self, field):
        out = {"name": field.name, "type": self.type(field.type)}
        if field.aliases:
            out["aliases"] = field.aliases
        if field.default is not NONE:
            out["default"] = field.default
        return out


class JsonForFastavro(Json):
    """The same without logical types, which would become objects, and without references, which fastavro cannot
    resolve everywhere: each place has a namespace of its own, and names match without it."""

    def __init__(self):
        super().__init__()
        self.places = 0

    def primitive(self, type_):
        return type_.kind

    def named(self, type_):
        self.places += 1
        return self.definition(type_, f"p{self.places}.{unqualified(type_.name)}",
                               [unqualified(alias) for alias in type_.aliases or ()])


class JsonForAvroC(Json):
    """Without namespaces, aliases and defaults, of which Avro-C knows nothing."""

    def named(self, type_):
        name = unqualified(type_.name)
        if name in self.seen:
            return name
        self.seen.add(name)
        return self.definition(type_, name, None)

    def field(self, field):
        return {"name": field.name, "type": self.type(field.type)}


def json_of(type_):
    return Json().type(type_)


# ---- at random ----

class Maker:
    """Makes types. empty: whether items of no bytes may stand in arrays."""

    def __init__(self, rng, empty):
        self.rng = rng
        self.empty = empty
        self.count = 0
        self.named = []

    def new_name(self, letter):
        self.count += 1
        return f"{self.rng.choice('ab')}.{letter}{self.count}"

    def type(self, depth=0):
        roll = self.rng.random()
        if self.named and roll < 0.08:
            return self.rng.choice(self.named)
        if depth >= 4 or roll < 0.55:
            return self.primitive()
        return self.rng.choice((self.record, self.record, self.enum, self.fixed, self.array, self.map, self.union,
                                self.optional, self.optional))(depth)

    def primitive(self):
        kind = self.rng.choice(PRIMITIVES)
        logical = LOGICAL.get(kind) if self.rng.random() < 0.2 else None
        return Type(kind, logical)

    def record(self, depth=0):
        record = Type("record", name=self.new_name("R"))
        record.fields = [Field(f"f{index}", self.type(depth + 1))
                         for index in range(self.rng.randrange(0 if self.empty else 1, 7))]
        if not self.empty and not least_size(record):
            record.fields.append(Field("filled", Type("int")))
        self.named.append(record)
        return record

    def enum(self, depth=0):
        enum = Type("enum", name=self.new_name("E"))
        enum.symbols = self.rng.sample(SYMBOLS, self.rng.randrange(1, 6))
        enum.default = self.rng.choice(enum.symbols) if self.rng.random() < 0.5 else None
        self.named.append(enum)
        return enum

    def fixed(self, depth=0):
        fixed = Type("fixed", name=self.new_name("F"), size=self.rng.randrange(1, 9))
        self.named.append(fixed)
        return fixed

    def item(self, depth):
        item = self.type(depth + 1)
        return item if self.empty or least_size(item) else Type("int")

    def array(self, depth=0):
        return Type("array", items=[self.item(depth)])

    def map(self, depth=0):
        return Type("map", items=[self.type(depth + 1)])

    def union(self, depth=0):
        branches = {}
        for _ in range(self.rng.randrange(1, 5)):
            branch = self.type(depth + 1)
            if branch.kind != "union":
                branches.setdefault(branch.name or branch.kind, branch)
        return Type("union", items=list(branches.values()) or [Type("null")])

    def optional(self, depth=0):
        branch = self.type(depth + 1)
        if branch.kind in ("union", "null"):
            return Type("union", items=[Type("null"), Type("int")])
        return Type("union", items=self.rng.sample([Type("null"), branch], 2))


def least_size(type_):
    """The fewest bytes that a value takes."""
    if type_.kind == "record":
        return sum(least_size(field.type) for field in type_.fields)
    return {"null": 0, "float": 4, "double": 8, "fixed": type_.size}.get(type_.kind, 1)


def default_json(rng, type_):
    """A default for a field of this type, as JSON."""
    kind = type_.kind
    if kind == "union":
        return default_json(rng, type_.items[0])
    if kind == "array":
        return [default_json(rng, type_.items[0]) for _ in range(rng.randrange(3))]
    if kind == "map":
        return {f"k{index}": default_json(rng, type_.items[0]) for index in range(rng.randrange(3))}
    if kind == "record":
        return {field.name: default_json(rng, field.type) for field in type_.fields
                if field.default is NONE or rng.random() < 0.5}
    if kind == "enum":
        return rng.choice(type_.symbols)
    if kind in ("bytes", "fixed"):
        size = type_.size if kind == "fixed" else rng.randrange(5)
        return "".join(chr(rng.randrange(1, 256)) for _ in range(size))
    if kind == "string":
        return random_uuid(rng) if type_.logical else random_text(rng)
    if kind in ("int", "long"):
        return random_long(rng, 31 if kind == "int" else 50)
    if kind in ("float", "double"):
        return rng.choice((0, -1, 0.1, 1.5e30, -2.25, 16777217))
    return {"null": None, "boolean": rng.random() < 0.5}[kind]


def random_uuid(rng):
    return str(uuid.UUID(int=rng.getrandbits(128)))


def random_text(rng):
    letters = rng.choice(("ab", "ab01 \"\\\n", "a\u00e9\u7f51\u683c\U0001f681", "\u9053\u8def"))
    return "".join(rng.choice(letters) for _ in range(rng.choice((0, 1, 3, 7, 8, 15, 16, 17, 40))))


def random_long(rng, bits=63):
    number = rng.getrandbits(rng.randrange(bits + 1))
    return number if rng.random() < 0.5 else -number - 1


# ---- evolution ----

class Evolution:
    """Makes the reader that a writer's schema evolved to. rate: how often something changes."""

    def __init__(self, rng, maker, rate):
        self.rng = rng
        self.maker = maker
        self.rate = rate
        self.done = {}   # name of the writer's type -> the reader's

    def changes(self, share=1.0):
        return self.rng.random() < self.rate * share

    def type(self, old):
        new = self.same_kind(old)
        if old.kind == "union":
            return new
        if self.changes(0.5) and not (new.kind == "null"):
            others = [other for other in (Type("null"), Type("string"), Type("double"), Type("long"))
                      if other.kind != new.kind]
            return Type("union", items=self.rng.sample([new] + self.rng.sample(others, self.rng.randrange(1, 4)), 2))
        return new

    def same_kind(self, old):
        if old.kind in PRIMITIVES:
            return self.primitive(old)
        if old.name:
            if old.name not in self.done:
                self.done[old.name] = getattr(self, old.kind)(old)
            return self.done[old.name]
        return getattr(self, old.kind)(old)

    def primitive(self, old):
        if old.kind in PROMOTIONS and self.changes():
            return Type(self.rng.choice(PROMOTIONS[old.kind]))
        if self.changes(0.03):
            return self.maker.primitive()
        return Type(old.kind, old.logical)

    def rename(self, new, old):
        new.name, new.aliases = old.name, list(old.aliases or [])
        if self.changes(0.3):
            new.name = self.maker.new_name(old.name.split(".")[1][0])
            new.aliases.append(old.name)
        elif self.changes(0.2):
            new.name = ("b." if old.name[0] == "a" else "a.") + old.name[2:]
        elif self.changes(0.03):
            new.name = self.maker.new_name(old.name.split(".")[1][0])
        return new

    def fixed(self, old):
        new = Type("fixed", size=old.size + self.changes(0.05))
        return self.rename(new, old)

    def enum(self, old):
        symbols = list(old.symbols)
        if self.changes():
            self.rng.shuffle(symbols)
        if self.changes(0.5):
            symbols += [symbol for symbol in self.rng.sample(SYMBOLS, 2) if symbol not in symbols]
        if self.changes(0.5) and len(symbols) > 1:
            symbols.pop()
        default = self.rng.choice(symbols) if self.rng.random() < 0.7 else None
        return self.rename(Type("enum", symbols=symbols, default=default), old)

    def array(self, old):
        return Type("array", items=[self.type(old.items[0])])

    def map(self, old):
        return Type("map", items=[self.type(old.items[0])])

    def union(self, old):
        branches = {}
        for branch in old.items:
            if not self.changes(0.2):
                new = self.same_kind(branch)
                branches.setdefault(new.name or new.kind, new)
        if self.changes(0.5):
            new = self.maker.primitive()
            branches.setdefault(new.kind, new)
        branches = list(branches.values()) or [Type("null")]
        if self.changes():
            self.rng.shuffle(branches)
        return self.rng.choice(branches) if self.changes(0.3) else Type("union", items=branches)

    def record(self, old):
        new = self.rename(Type("record"), old)
        new.fields = [self.field(field) for field in old.fields if not self.changes(0.5)]
        for index in range(self.rng.randrange(3) if self.changes() else 0):
            new.fields.append(Field(f"n{index}", self.maker.type(3)))
        for field in new.fields:
            if field.name.startswith("n") and self.rng.random() < 0.97 or self.rng.random() < 0.3:
                field.default = default_json(self.rng, field.type)
        if self.changes():
            self.rng.shuffle(new.fields)
        return new

    def field(self, old):
        new = Field(old.name, self.type(old.type))
        if self.changes(0.4):
            new.name = "r" + old.name
            new.aliases = self.rng.sample([old.name, "x" + old.name], 2)
        elif self.changes(0.05):
            new.aliases = [self.rng.choice(("f0", "f1", "f2"))]
        return new


# ---- what the specification says ----

def unqualified(name):
    return name.split(".")[-1]


def names_match(writer, reader):
    return unqualified(writer.name) == unqualified(reader.name) or writer.name in (reader.aliases or [])


def rank(writer, reader):
    """How well two types that are no unions go together: 3 the same, 2 by name, 1 by a promotion, 0 not at all."""
    if writer.kind != reader.kind:
        return 1 if reader.kind in PROMOTIONS.get(writer.kind, ()) else 0
    if writer.name is None:
        return 3
    if writer.kind == "fixed" and writer.size != reader.size:
        return 0
    return 3 if writer.name == reader.name else 2 if names_match(writer, reader) else 0


def best_branch(writer, union):
    best = max(union.items, key=lambda branch: rank(writer, branch))  # the first of the best
    return best if rank(writer, best) else None


def sources(writer, reader):
    """Name of the reader's field -> the writer's field that goes there; by name, then by alias, each once."""
    written = {field.name: field for field in writer.fields}
    found = {field.name: written[field.name] for field in reader.fields if field.name in written}
    taken = set(found)
    for field in reader.fields:
        for alias in field.aliases or []:
            if field.name not in found and alias in written and alias not in taken:
                found[field.name] = written[alias]
                taken.add(alias)
    return found


def is_contested(writer, reader):
    """Whether a field of the writer could go to two of the reader's, or two to one."""
    written = {field.name for field in writer.fields}
    claims = [written & {field.name, *(field.aliases or ())} for field in reader.fields]
    return any(len(claim) > 1 for claim in claims) or sum(map(len, claims)) > len(set().union(*claims))


def walk(writer, reader, path=()):
    """Yields (what, path) for each place where a writer's value may fail, or could be taken in two ways:

    "never"      no value can be read
    "sometimes"  a symbol, a branch, a text or a number that the reader cannot take
    "inside"     why a branch cannot be taken
    "first"      the first branch that could take it is not the best
    "contested"  names and aliases of fields go crosswise
    """
    if writer.kind == "union":
        never = 0
        for branch in writer.items:
            found = list(walk(branch, reader, path))
            if any(what == "never" for what, _ in found):
                never += 1
                yield "sometimes", path
                found = [("inside" if what in ("never", "sometimes") else what, place) for what, place in found]
            yield from found
        if never == len(writer.items):
            yield "never", path
    elif reader.kind == "union":
        best = best_branch(writer, reader)
        if not best:
            yield "never", path
            return
        if next(branch for branch in reader.items if rank(writer, branch)) is not best:
            yield "first", path
        yield from walk(writer, best, path)
    elif not rank(writer, reader):
        yield "never", path
    elif reader.kind == "string":
        if writer.kind == "bytes" or reader.logical != writer.logical and reader.logical:
            yield "sometimes", path
    elif reader.kind == "long":
        if writer.kind == "long" and reader.logical and not writer.logical:
            yield "sometimes", path
    elif writer.kind in ("array", "map"):
        part = "items" if writer.kind == "array" else "values"
        yield from walk(writer.items[0], reader.items[0], path + (part,))
    elif writer.kind == "enum":
        if not reader.default and set(writer.symbols) - set(reader.symbols):
            yield "sometimes", path
    elif writer.kind == "record":
        found = sources(writer, reader)
        if is_contested(writer, reader):
            yield "contested", path
        for field in reader.fields:
            if field.name in found:
                yield from walk(found[field.name].type, field.type, path + (field.name,))
            elif field.default is NONE:
                yield "never", path + (field.name,)


def plain_for_avro_c(writer, reader):
    """Whether Avro-C resolves the two as the specification says: it knows no defaults, aliases and new orders of
    symbols, no promotion between texts and bytes, and takes the first branch that could take a value."""
    if writer.kind == "union":
        return all(any(rank(branch, other) == 3 for other in reader.items) if reader.kind == "union" else
                   plain_for_avro_c(branch, reader) for branch in writer.items) and \
            (reader.kind != "union" or all(plain_for_avro_c(branch, best_branch(branch, reader))
                                           for branch in writer.items)) and not has_promotion(reader)
    if reader.kind == "union":
        best = best_branch(writer, reader)
        return best is not None and not has_promotion(reader) and plain_for_avro_c(writer, best)
    if writer.name and (rank(writer, reader) < 2 or unqualified(writer.name) != unqualified(reader.name)):
        return False
    if writer.kind == "record":
        found = {field.name: field for field in writer.fields}
        return all(field.name in found and plain_for_avro_c(found[field.name].type, field.type)
                   for field in reader.fields)
    if writer.kind == "enum":
        return writer.symbols == reader.symbols
    if writer.kind in ("array", "map"):
        return reader.kind == writer.kind and plain_for_avro_c(writer.items[0], reader.items[0])
    return rank(writer, reader) > 0 and {writer.kind, reader.kind} != {"bytes", "string"}


def has_promotion(union):
    """Whether one branch could be read as another."""
    return union.kind == "union" and any(rank(one, other) == 1 for one in union.items for other in union.items)


def single(number):
    """The nearest number of single precision."""
    return struct.unpack("<f", struct.pack("<f", number))[0]
