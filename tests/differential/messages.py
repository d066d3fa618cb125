"""Random values of a type, as bytes, and damage to them."""
import struct

from schemas import random_long, random_text, random_uuid


def number(value, padding=0):
    """Zigzag, base 128; padding: bytes more than it need be."""
    zigzag = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    while padding and len(out) < 9:
        out[-1] |= 0x80
        out.append(0)
        padding -= 1
    return bytes(out)


class Encoder:
    """Random values, and what Python sees in them."""

    def __init__(self, rng):
        self.rng = rng

    def long(self, value):
        return number(value, self.rng.randrange(3) if self.rng.random() < 0.02 else 0)

    def sized(self, raw):
        return self.long(len(raw)) + raw

    def value(self, type_, level=0):
        """(bytes, what a decoder should make of them)"""
        return getattr(self, "a_" + type_.kind)(type_, level)

    def a_null(self, type_, level):
        return b"", None

    def a_boolean(self, type_, level):
        value = self.rng.random() < 0.5
        return bytes([value]), value

    def a_int(self, type_, level):
        value = random_long(self.rng, 31)
        return self.long(value), value

    def a_long(self, type_, level):
        value = random_long(self.rng, 55 if type_.logical else 63)
        return self.long(value), value

    def real(self, level):
        if level <= 1 and self.rng.random() < 0.1:
            return self.rng.choice((float("nan"), float("inf"), -float("inf")))
        return self.rng.choice((0.0, -0.0, 1.0, self.rng.uniform(-180, 180), self.rng.gauss(0, 1e20), 2.0 ** -140))

    def a_float(self, type_, level):
        raw = struct.pack("<f", self.real(level))
        return raw, struct.unpack("<f", raw)[0]

    def a_double(self, type_, level):
        raw = struct.pack("<d", self.real(level))
        return raw, struct.unpack("<d", raw)[0]

    def a_bytes(self, type_, level):
        # Mostly text, so that it can be read as a string.
        raw = random_text(self.rng).encode() if self.rng.random() < 0.8 else self.rng.randbytes(self.rng.randrange(20))
        return self.sized(raw), raw

    def a_string(self, type_, level):
        text = random_uuid(self.rng) if type_.logical or self.rng.random() < 0.1 else random_text(self.rng)
        return self.sized(text.encode()), text

    def a_fixed(self, type_, level):
        raw = self.rng.randbytes(type_.size)
        return raw, raw

    def a_enum(self, type_, level):
        index = self.rng.randrange(len(type_.symbols))
        return self.long(index), type_.symbols[index]

    def a_union(self, type_, level):
        index = self.rng.randrange(len(type_.items))
        raw, value = self.value(type_.items[index], level)
        return self.long(index) + raw, value

    def a_record(self, type_, level):
        pairs = {field.name: self.value(field.type, level + 1) for field in type_.fields}
        return (b"".join(raw for raw, _ in pairs.values()), {name: value for name, (_, value) in pairs.items()})

    def blocks(self, pieces):
        """In one block or several, with or without their sizes."""
        out = b""
        while pieces:
            count = len(pieces) if self.rng.random() < 0.7 else self.rng.randrange(1, len(pieces) + 1)
            raw = b"".join(pieces[:count])
            pieces = pieces[count:]
            out += (self.long(-count) + self.long(len(raw)) if self.rng.random() < 0.2 else self.long(count)) + raw
        return out + self.long(0)

    def a_array(self, type_, level):
        items = [self.value(type_.items[0], level + 1) for _ in range(self.rng.choice((0, 1, 2, 5)))]
        return self.blocks([raw for raw, _ in items]), [value for _, value in items]

    def a_map(self, type_, level):
        keys = {random_text(self.rng) for _ in range(self.rng.choice((0, 1, 2, 5)))}
        entries = {key: self.value(type_.items[0], level + 1) for key in sorted(keys)}
        raw = self.blocks([self.sized(key.encode()) + raw for key, (raw, _) in entries.items()])
        return raw, {key: value for key, (_, value) in entries.items()}


ODD_BYTES = (0x00, 0x01, 0x02, 0x7F, 0x80, 0x81, 0xFF)


def damage(rng, raw):
    """Up to three changes."""
    raw = bytearray(raw)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(raw) + 1)
        roll = rng.randrange(6)
        if roll == 0:
            raw.insert(at, rng.choice(ODD_BYTES))
        elif roll == 1:
            del raw[at:]
        elif at < len(raw):
            if roll == 2:
                del raw[at]
            elif roll == 3:
                raw[at] = rng.choice(ODD_BYTES)
            else:
                raw[at] ^= 1 << rng.randrange(8)
    return bytes(raw)
