"""Reads and verifies Tallystick codes, version 1, from the page code-v1.md (§: its sections). To run it:
python verify_standalone.py READS CONTEXT.json [CODE or -]; prints what the code says, or the class of failure
and exits with 1. READS is the letter of the kind, CONTEXT.json as in §17. It repairs nothing."""
import json
import re
import sys
from contextlib import suppress
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

from nacl import bindings, exceptions

BASE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # §4; DIGITS: those of int(…, 32), by step 8
DIGITS = str.maketrans(BASE[10:] + BASE[10:].lower() + "OILoilUu", "abcdefghijklmnopqrstuv" * 2 + "011011??")
CHARACTERS = """10=000B-000D 001C-001F 0085 2028-2029; 32=00A0 1680 2000-200A 202F 205F 2800 3000; 45=00AF
02D7 058A 05BE 1400 1806 2010-2015 203E 2043 2053 207B 208B 2212 23AF 2500-257F 2796 2E17 2E1A 2E3A-2E3B 2E40
2E5D 301C 3030 30A0 30FC FE31-FE32 FE58 FE63 FF70 10D6E 10EAD; 39=00AB 00B4 00BB 02B9-02BF 02C8 02CA-02CB
2018-201F 2032-2037 2039-203A 275B-275E 276E-276F 2E02-2E05 2E09-2E0A 2E0C-2E0D 2E1C-2E1D 2E20-2E21 300C-300F
301D-301F; 0=00AD 034F 061C 180B-180E 200B-200F 202A-202E 2060-206F FE00-FE0F FEFF"""  # becomes=codes
REPLACED = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {code: int(to) or None for to, codes
    in re.findall(r"(\d+)=([^;]+)", CHARACTERS) for first, last in re.findall(r"(\w+)-?(\w*)", codes)
    for code in range(int(first, 16), int(last or first, 16) + 1)}  # steps 3 and 4; the first: full-width
MARKUP = r"""^[ \t>|]*(?:`{3,}|~{3,})(?:text|txt|plain|plaintext|code|console|bash|sh|none)?[ \t]*$
^[ \t>|]*#{1,6}(?=[ \t])  (?<![0-9A-Za-z])[0-9]{1,3}[ \t*_`']{0,4}:  ^[ \t>|*_#'-]*[0-9]{1,3}\\?[.)](?=[ \t])
\\(?=[-_*`>|#~+.'\n]|(?![\s\S]))  (?<![0-9A-Za-z])\*|\*(?![0-9A-Za-z])"""  # step 5, between spaces
SETS = [(few := "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"), few.lower() + "_.", bytes(range(32, 127)).decode()]
WEIGHTS = """- EXTENSION 255 1; - RARELY 15 1; - MOSTLY 1 15; - CHARACTER-SET 12 2 2; 1 CATALOGUE-SIZE 1x6 2 3
4 4 3 2 2 1 1 1; 1 FEW 28 2 1 1; 1 CODE-NUMBER 5 6 8 8 7 5 4 3 1x18; 0 EPOCH 56 3 1x14; 1 NUMBER 36 14 6 3
1x12; 0 LAST-NUMBER 10 34 10 4 2 1x12; 1 SERIAL 16 10 8 6 4 3 1x18; 0 REVOKED 52 6 3 1x4; 0 NUMBERED 6 18 12
10 8 5 3 1 1; 0 SPELLED 51 4 3 1x6; 0 LAST-POSITION 1 1 1 2 2 3 4 7 12 18 6 3 1x4; 0 SHARED 4 3 3 3 2 1 1; 1
LINES-OF-TAG 248 2 1x6; 1 COUNT 28 17x12 4 1x10; - TERM-0 26 0 0 38; - TERM-1 26 24 0 14; - TERM-2 26 22 7 9;
- STARTS-AT-ISSUE 5 11; 1 OFFSET 1 1 2 4 8 14 24 20 8 8 4 2 1x4; - YEARS 6 14 1 13 1 13 1 12 1 1 1; 1
DAYS-LONG 1x4 2 3 4 6 8 12 16 14 4 2 1 1; - FLAGS 250 2 2 2"""  # §7: - choice, 1 magnitude, 0 shifted
OWNERS = {name: (least, [i for i, weight in enumerate(weights) for _ in range(int(weight))]) for least, name,
    *weights in map(str.split, re.sub(r"(\d+)x(\d+)", lambda x: f"{x[1]} " * int(x[2]), WEIGHTS).split(";"))}

class Refused(Exception):
    failure = property(lambda self: self.args[0])  # the class of failure, §14

def require(good: object, failure: str = "malformed", why: str = "") -> None:
    if not good:
        raise Refused(failure, why)

class Digits(SimpleNamespace):  # §6, §7: number
    hex = lambda self, size: f"{self.uniform(256**size):0{2 * size}x}"
    member = lambda self, radix, names: (
        (names.split() + [""] * radix)[self.uniform(radix)] or require(False, "newer-version"))
    day = lambda self: str(date(2000, 1, 1) + timedelta(self.uniform(1 << 16)))
    minute = lambda self: f"{datetime(2024, 1, 1) + timedelta(minutes=self.uniform(2**26)):%Y-%m-%dT%H:%MZ}"

    def uniform(self, radix: int) -> int:
        self.number, value = divmod(self.number, radix)
        return value

    def __call__(self, name: str) -> int:  # what is taken by weights
        least, owners = OWNERS[name]
        index = owners[point := self.uniform(len(owners))]
        self.number = self.number * owners.count(index) + point - owners.index(index)
        return index if least == "-" else (1 << index) + self.uniform(1 << index) - 1 + int(least)

    def text(self, before: str = "") -> str:  # of a spelled tag the rest, §9
        letters = SETS[n := self("CHARACTER-SET")]
        rest = "".join(letters[self.uniform(len(letters))] for _ in range(self.uniform(64) + 1))
        require(all(set(rest) - set(s) for s in SETS[:n]) and (tag := before + rest) == tag.strip(" ")[:64])
        return tag

    def tags(self, size: int) -> list[int | str]:  # §9; size: of the catalogue, if it is known
        numbered, spelled, positions, texts, start = self("NUMBERED"), self("SPELLED"), [], [""], 0
        last = self("LAST-POSITION") if numbered else 0
        for left in range(numbered, 1, -1):
            step = max(1, (last - start) * 11 // (16 * left))
            while start <= last and self.uniform(2):
                start += step
            positions.append(start + self.uniform(step))
            start = positions[-1] + 1
        require(start <= last < size + (numbered == 0) and numbered + spelled <= 255)
        for _ in range(spelled):
            before, shared = texts[-1], self("SHARED")
            texts.append(self.text(before[:shared]))
            require(shared <= len(before) and before[: shared + 1] < texts[-1][: shared + 1])
        return positions + [last][:numbered] + texts[1:]

    def lines(self, day: date) -> list[dict]:  # §9
        lines, order, terms = [], [()], []
        for place, tag in enumerate(self.tags(65_536)):
            for _ in range(self("LINES-OF-TAG")):
                count, pick = self("COUNT"), self(f"TERM-{min(len(terms), 2)}")  # §9.1
                if pick >= 2:
                    terms[:0] = [self.term(day) if pick > 2 else terms.pop(1 + self.uniform(len(terms) - 1))]
                line, flags = {"tag": tag, "count": count, "term": terms[0] if pick else None}, self("FLAGS")
                lines.append(line | {"export_controlled": flags % 2 == 1, "reporting_only": flags >= 2})
                order.append((place, "".join((line["term"] or {}).values()), flags))
                require(len(lines) <= 255 and order[-2] < order[-1] and terms.count(line["term"]) < 2)
        return lines

    def term(self, day: date) -> dict[str, str]:  # §9.1, a new one
        first = day + timedelta(0 if self("STARTS-AT-ISSUE") else (1 - 2 * self.uniform(2)) * self("OFFSET"))
        ends = [date(first.year + y, first.month, 1) + timedelta(first.day - 2) for y in range(1, 11)]
        last = ends[years - 1] if (years := self("YEARS")) else first + timedelta(self("DAYS-LONG") - 1)
        require(date(2000, 1, 1) <= first and last <= date(2179, 6, 6) and (years or last not in ends))
        return {"start": str(first), "end": str(last)}

KINDS = {"Q": lambda d: {"udi": {  # §8; Python takes the digits in the order in which they are written here
    "product_id": d.text(), "serial_number": d.text(), "uuid": d("RARELY") and re.sub(
    "(.{8})(.{4})(.{4})(.{4})", r"\1-\2-\3-\4-", d.hex(16)) or None}, "device_key": d.hex(32), "sketch":
    {"required": d.uniform((n := d.uniform(16)) + 1), "components": [d.uniform(2**24) for _ in range(n)]},
    "mode": d.member(3, "specific universal"), "catalogue": (own := {"size": d("CATALOGUE-SIZE"), "digest":
    d.hex(4)} if d("MOSTLY") else None), "wanted": [{"tag": tag, "count": d("COUNT")} for tag in
    d.tags(own["size"] if own else 0)], "members": d("FEW"), "code_number": d("CODE-NUMBER"), "device_time":
    d.minute(), "journal_link": d.hex(4)},
"A": lambda d: {"issuer_hint": d.hex(1), "request_hint": d.hex(2), "issued_at": (at := d.minute()),
    "sequence": {"epoch": d("EPOCH"), "number": d("NUMBER")}, "lines": d.lines(date.fromisoformat(at[:10]))},
"C": lambda d: {"request_hint": d.hex(4), "sequence": {"epoch": d("EPOCH"), "number": d("NUMBER")},
    "code_number": d("CODE-NUMBER"), "journal_link": d.hex(4)},
"R": lambda d: {"request_hint": d.hex(4), "last_sequence": {"epoch": d("EPOCH"), "number": d("LAST-NUMBER")},
    "reason": d.member(16, "unspecified no-longer-needed replaced moved decommissioned test-ended cancelled"),
    "evidence": d.member(4, "software-key hardware-key"), "hardware_mismatch": d("RARELY") == 1,
    "code_number": d("CODE-NUMBER"), "journal_link": d.hex(4)},
"T": lambda d: {"serial": d("SERIAL"), "portal_id": d.hex(8), "issuers": [{"key": d.hex(32), "valid_from":
    d.day(), "valid_until": d.day() if d("RARELY") else None} for _ in range(d("FEW"))], "revoked":
    [d.hex(8) for _ in range(d("REVOKED"))], "next_root": d.hex(32) if d("RARELY") else None}}

def verify(text: str, reads: str, context: dict) -> dict:
    require(len(text) <= 65_536)  # §4
    text = unquote(unquote(unquote(text))).translate(REPLACED)
    for expression in re.split("\n|  ", MARKUP):
        text = re.sub(expression, "", text, flags=re.MULTILINE)
    code = re.sub("[-_'\"`~>|=+,;. \t\n\r]", "", text).translate(DIGITS)
    require(re.fullmatch("([0-9a-v]{2}){9,1023}", code), why=f"at {re.match('[0-9a-v]*', code).end() + 1}")
    try:
        return genuine(code[:-16], reads, context)
    except Refused as refusal:  # §4.1: is its polynomial zero at α to α⁸, being stretched, at α?
        for root, value in zip(range(1, 9), bytes(8)):
            for symbol in re.findall("..", re.sub("(..)", "00" * (root - 1) + r"\1", code)):
                value = value << 1 ^ (value >> 9) * 0b10000001001 ^ int(symbol, 32)
            require(value == 0 or refusal.failure == "catalogue")
        raise

def genuine(body: str, reads: str, context: dict) -> dict:  # §14
    code = (int(body, 32) >> (spare := 5 * len(body) % 8)).to_bytes(5 * len(body) // 8, "big")
    payload, kind, version = code[:-64], BASE[code[0] >> 3], code[0] & 7
    require(int(body, 32) % (1 << spare) == 0)
    require(version < 2 or kind not in "QACRTSBF", "newer-version")
    require(version and kind in KINDS and payload, "wrong-kind" if version and kind in "BF" else "malformed")
    digits, least = Digits(number=int.from_bytes(payload[1:], "big")), len(payload[1:].lstrip(b"\0"))
    require(digits("EXTENSION") == 0, "newer-version")
    fields = KINDS[kind](digits)
    last, issuers, revoked = map(fields.get, ("last_sequence", "issuers", "revoked"), ({"number": 1}, [], []))
    keys = [issuer["key"] for issuer in issuers]
    require(keys == sorted(set(keys)) and revoked == sorted(set(revoked)) and digits.number == 0 and all(
        i["valid_from"] <= (i["valid_until"] or "9") for i in issuers) and len(payload) == 1 + least + (
        least % 5 == 4) and (0 < last["number"] < 65_536 or not any(last.values())))  # §5, §8
    require(kind == reads, "wrong-kind")
    keys += filter(None, (fields.get("next_root"), fields.get("device_key")))
    sound = all(map(bindings.crypto_core_ed25519_is_valid_point, map(bytes.fromhex, keys)))  # §11.1
    require(sound or kind == "T", "bad-key")
    request = verify(context["request"], "Q", {}) if kind in "ACR" else {"id": "", "fields": fields}
    final = verify(context["authorization"], "A", context | {"catalogue": None})["id"] if kind == "C" else ""
    signers = [context.get({"A": "issuer", "T": "root"}.get(kind)) or request["fields"]["device_key"]]
    portal = context.get("portal_id", "") if kind == "A" else ""
    if kind == "A" and "issuer" not in context:  # §11.2
        trust, hint = verify(context["trust"], "T", context)["fields"], fields["issuer_hint"]
        portal, day = trust["portal_id"], fields["issued_at"][:10]
        valid = [i["key"] for i in trust["issuers"] if i["valid_from"] <= day <= (i["valid_until"] or day)]
        ids = {key: sha256(bytes.fromhex(key)).hexdigest() for key in valid}
        signers = [key for key in valid if ids[key][:2] == hint and ids[key][:16] not in trust["revoked"]]
        require(signers, "revoked-issuer" if hint in [i[:2] for i in trust["revoked"]] else "unknown-issuer")
    for signer in signers:
        issuer = sha256(bytes.fromhex(signer)).hexdigest() if kind in "AT" else ""
        known = [bstr(bytes.fromhex(item)) for item in (request["id"], final, issuer, portal) if item]
        aad = bytes([130 + len(known)]) + b"\x6ctallystick/1\x61" + kind.encode() + b"".join(known)
        signed = b"\x84\x6aSignature1\x43\xa1\x01\x32" + bstr(aad) + bstr(payload)
        with suppress(exceptions.CryptoError):
            bindings.crypto_sign_open(code[-64:] + signed, bytes.fromhex(signer))
            require(sound, "bad-key")
            said = {"id": sha256(signed).hexdigest(), "payload": payload.hex(), "fields": fields}
            if kind in "QA" and context.get("catalogue") is not None:  # §12
                tags = context["catalogue"][: (own := request["fields"]["catalogue"] or {"size": 0})["size"]]
                digest = sha256("".join(f"{tag}\n" for tag in tags).encode()).hexdigest()[:8]
                names = dict(enumerate(tags)) if own == {"size": len(tags), "digest": digest} else {}
                tags = [line["tag"] for line in fields["wanted" if kind == "Q" else "lines"]]
                require(all(isinstance(tag, str) or tag in names for tag in tags), "catalogue")
                said["entitlements"] = [names.get(tag, tag) for tag in tags]
            return said
    raise Refused("not-genuine")

def bstr(part: bytes) -> bytes:  # §11.2
    return bytes([64 + n] if (n := len(part)) < 24 else [88, n] if n < 256 else [89, *divmod(n, 256)]) + part

if __name__ == "__main__":
    try:
        given = "".join(sys.argv[3:]).strip("-") or sys.stdin.buffer.read().decode(errors="replace")
        print(json.dumps(verify(given, sys.argv[1], json.loads(Path(sys.argv[2]).read_bytes())), indent=1))
    except Refused as refusal:
        print(*filter(None, refusal.args), sep=": ")
        sys.exit(1)
