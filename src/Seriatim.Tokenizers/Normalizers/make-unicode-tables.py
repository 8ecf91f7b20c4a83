"""Writes unicode-normalization.bin, the facts of the Unicode Character Database that normalization needs.

.NET's string.Normalize does nothing in invariant-globalization mode, so the library brings these tables. Run again with a
newer Python to move to a newer Unicode version: python3 make-unicode-tables.py

Layout, all numbers LEB128: the Unicode version (major, minor), then three lists, each preceded by its length:
combining classes (code point, class), full decompositions (code point, 0 canonical or 1 compatibility, count, code points),
compositions (first, second, composed).
"""
import sys
import unicodedata as u

out = bytearray()


def number(value):
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def listed(rows):
    number(len(rows))
    for row in rows:
        for value in row:
            number(value)


code_points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and not 0xAC00 <= c < 0xD7A4]
decompositions, compositions = [], []
for c in code_points:
    canonical, compatible = u.normalize("NFD", chr(c)), u.normalize("NFKD", chr(c))
    if canonical != chr(c):
        decompositions.append((c, 0, len(canonical), *map(ord, canonical)))
    if compatible != canonical:
        decompositions.append((c, 1, len(compatible), *map(ord, compatible)))
    parts = u.decomposition(chr(c)).split()
    if len(parts) == 2 and not parts[0].startswith("<") and u.normalize("NFC", chr(c)) == chr(c):
        compositions.append((int(parts[0], 16), int(parts[1], 16), c))

number(int(u.unidata_version.split(".")[0]))
number(int(u.unidata_version.split(".")[1]))
listed([(c, u.combining(chr(c))) for c in code_points if u.combining(chr(c))])
listed(decompositions)
listed(compositions)
open("unicode-normalization.bin", "wb").write(out)
print(f"Unicode {u.unidata_version}: {len(decompositions)} decompositions, {len(compositions)} compositions, {len(out)} bytes")
