"""own_terms.json from the text of SPEC.md, section 4, alone."""
import hashlib
import json
import re
import sys

RANGES = ((0x41, 0x5A, 32), (0xC0, 0xD6, 32), (0xD8, 0xDE, 32), (0x391, 0x3A9, 32),
          (0x410, 0x42F, 32), (0x400, 0x40F, 80))
LABELS = [("en", "pretzel shaping"), ("en", "  Pretzel -- Shaping! "), ("de", "Brezeln schlingen"),
          ("de", "Ärztliche Notfall-Übung"), ("fr", "Façonnage à la main"), ("en", "C++ for bakers"),
          ("en", "C# / F#"), ("el", "ΨΩΜΙ και άρτος"), ("ru", "ЁЛОЧНЫЕ игрушки"), ("zh", "手工 拉面"),
          ("gsw", "Bräzele"), ("en", "sour\u00a0dough"), ("en", "a.b.c"), ("en", "3D × 2"),
          ("en", "+ # +"), ("en", "--"), ("en", "x" * 120), ("en", "x" * 121), ("en", "")]


def words(label):
    out = ""
    for c in label:
        o = ord(c)
        out += chr(o + next((d for a, b, d in RANGES if a <= o <= b), 0))
    out = re.sub("[\x00-\"$-*,-/:-`{-\x7f\u00a0]+", "-", out).strip("-")
    return out


def main():
    cases = []
    for language, label in LABELS:
        w = words(label)
        good = 1 <= len(label.encode()) <= 120 and w.strip("+#-") != ""
        uri = f"urn:ohcn:own:{language}:{w}" if good else None
        h = hashlib.blake2b(digest_size=8, person=b"ohcn-term-v1")
        if good:
            h.update(uri.encode())
        cases.append({"language": language, "label": label, "uri": uri,
                      "term": h.hexdigest() if good else None})
    json.dump({"cases": cases}, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
