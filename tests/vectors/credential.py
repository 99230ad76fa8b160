#!/usr/bin/env python3
"""Signed W3C credentials, made without the node's code.

JCS as far as these documents need it (RFC 8785), and eddsa-jcs-2022 as
https://www.w3.org/TR/vc-di-eddsa/ 3.3 says it. Without arguments: checks that
credential.json is what this computes; --write: writes it.
"""
import copy
import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from evidence import Key, P  # noqa: E402  Ed25519 in Python

FILE = Path(__file__).with_name("credential.json")
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
V2 = "https://www.w3.org/ns/credentials/v2"
OB = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
NOW = 1790000000  # 2026-09-21T14:13:20Z


def base58(data):
    n, text = int.from_bytes(data, "big"), ""
    while n:
        n, digit = divmod(n, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def jcs(v):
    """Without numbers that are not small integers."""
    if isinstance(v, dict):
        keys = sorted(v, key=lambda k: k.encode("utf-16-be"))
        return "{" + ",".join(jcs(k) + ":" + jcs(v[k]) for k in keys) + "}"
    if isinstance(v, list):
        return "[" + ",".join(map(jcs, v)) + "]"
    assert not isinstance(v, float)
    return json.dumps(v, ensure_ascii=False)


def sha(v):
    return hashlib.sha256(jcs(v).encode()).digest()


def did(key):
    return "did:key:z" + base58(b"\xed\x01" + key.pub)


def sign(document, key, options=None, named=None):
    """named: the key that the proof names, if it is not the signer."""
    who = did(named or key)
    proof = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "created": "2026-09-01T00:00:00Z",
             "verificationMethod": f"{who}#{who[8:]}", "proofPurpose": "assertionMethod"}
    if "@context" in document:
        proof["@context"] = document["@context"]
    proof.update(options or {})
    proof = {k: v for k, v in proof.items() if v is not None}
    value = "z" + base58(key.sign(sha(proof) + sha(document)))
    return {**document, "proof": {**proof, "proofValue": value}}


def make():
    issuer, other = Key(1), Key(2)
    plain = {"@context": [V2], "type": ["VerifiableCredential"], "issuer": did(issuer),
             "validFrom": "2026-09-01T00:00:00Z", "validUntil": "2027-09-01T00:00:00+02:00",
             "name": "Café ☕ \U0001f600 \"quoted\"\n", "\ufb33": 1, "\U0001f600": -7, "credentialSubject":
             {"id": did(other), "knows": ["welding", "TIG"], "level": 3, "open": True, "none": None}}
    cases = []

    def case(name, document, outcome, credential=None):
        cases.append({"name": name, "proof": outcome, "credential": credential or outcome, "document": document})

    good = sign(plain, issuer)
    case("good", good, "fine")
    case("good-issuer-object", sign({**plain, "issuer": {"id": did(issuer), "name": "X"}}, issuer), "fine")
    case("good-without-created", sign(plain, issuer, {"created": None}), "fine")
    case("good-without-proof-context", sign(plain, issuer, {"@context": None}), "fine")
    case("good-context-appended", {**good, "@context": [V2, OB]}, "fine")
    case("good-fractions", sign(plain, issuer, {"created": "2026-09-21T16:13:20.999+02:00"}), "fine")
    case("good-set", {**good, "proof": [good["proof"], sign(plain, issuer, {"created": "2026-09-02T00:00:00Z"})["proof"]]}, "fine")
    case("tampered", {**good, "name": "Professor"}, "bad-signature")
    case("tampered-subject", {**good, "credentialSubject": {**plain["credentialSubject"], "level": 4}}, "bad-signature")
    case("tampered-created", {**good, "proof": {**good["proof"], "created": "2026-09-02T00:00:00Z"}}, "bad-signature")
    case("member-added", {**good, "evidence": []}, "bad-signature")
    case("other-key-signed", sign(plain, other, named=issuer), "bad-signature")
    case("issuer-is-another", sign(plain, other), "fine", "wrong-issuer")
    case("issuer-is-a-website", sign({**plain, "issuer": "https://university.example"}, issuer), "fine", "unbound-issuer")
    case("wrong-purpose", sign(plain, issuer, {"proofPurpose": "authentication"}), "wrong-purpose")
    case("purpose-changed", {**good, "proof": {**good["proof"], "proofPurpose": "authentication"}}, "wrong-purpose")
    case("other-suite", sign(plain, issuer, {"cryptosuite": "eddsa-rdfc-2022"}), "unknown-cryptosuite")
    case("other-type", sign(plain, issuer, {"type": "Ed25519Signature2020"}), "unknown-type")
    case("foreign-did", sign(plain, issuer, {"verificationMethod": "did:web:university.example#key-1"}), "foreign-did-method")
    case("website-as-method", sign(plain, issuer, {"verificationMethod": "https://university.example/key"}), "foreign-did-method")
    case("p256-key", sign(plain, issuer, {"verificationMethod": "did:key:zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP#zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"}), "bad-key")
    case("no-part", sign(plain, issuer, {"verificationMethod": did(issuer)}), "bad-key")
    case("other-part", sign(plain, issuer, {"verificationMethod": f"{did(issuer)}#{did(other)[8:]}"}), "bad-key")
    case("proof-expired", sign(plain, issuer, {"expires": "2026-09-20T00:00:00Z"}), "proof-expired")
    case("proof-from-future", sign(plain, issuer, {"created": "2026-10-01T00:00:00Z"}), "proof-from-future")
    case("expired", sign({**plain, "validUntil": "2026-09-20T00:00:00Z"}, issuer), "fine", "expired")
    case("not-yet-valid", sign({**plain, "validFrom": "2026-10-20T00:00:00Z"}, issuer), "fine", "not-yet-valid")
    case("time-without-zone", sign({**plain, "validFrom": "2026-09-01T00:00:00"}, issuer), "fine", "malformed-credential")
    case("no-such-day", sign(plain, issuer, {"created": "2026-02-30T00:00:00Z"}), "malformed")
    case("context-replaced", {**good, "@context": [OB, V2]}, "wrong-context", "unknown-version")
    case("context-of-another", sign(plain, issuer, {"@context": [OB]}), "wrong-context")
    case("chain", sign(plain, issuer, {"previousProof": "urn:uuid:1"}), "proof-chain")
    case("no-proof", plain, "no-proof")
    case("empty-set", {**plain, "proof": []}, "no-proof")
    case("set-with-a-bad-one", {**plain, "proof": [good["proof"], sign(plain, other, named=issuer)["proof"]]}, "bad-signature")
    case("set-of-two-keys", {**plain, "proof": [good["proof"], sign(plain, other)["proof"]]}, "bad-key")
    case("too-many", {**plain, "proof": [good["proof"]] * 9}, "too-many-proofs")
    case("proof-is-text", {**plain, "proof": "yes"}, "malformed")
    short = copy.deepcopy(good)
    short["proof"]["proofValue"] = short["proof"]["proofValue"][:-4]
    case("short-signature", short, "malformed")
    hexed = copy.deepcopy(good)
    hexed["proof"]["proofValue"] = "f00"
    case("other-multibase", hexed, "malformed")
    case("vc-1", sign({**plain, "@context": ["https://www.w3.org/2018/credentials/v1"]}, issuer), "fine", "unknown-version")
    case("no-type", sign({**plain, "type": ["Badge"]}, issuer), "fine", "not-a-credential")
    case("no-subject", sign({k: v for k, v in plain.items() if k != "credentialSubject"}, issuer), "fine",
         "malformed-credential")
    case("status", sign({**plain, "credentialStatus": {"type": "BitstringStatusListEntry"}}, issuer), "fine")
    return {"now": NOW, "issuer": did(issuer), "holder": did(other), "seed": issuer.seed.hex(), "canonical": jcs(plain),
            "cases": cases}


if __name__ == "__main__":
    assert P == 2**255 - 19
    made = make()
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(json.dumps(made, separators=(",", ":")).replace('},{"name":"', '},\n{"name":"') + "\n")
    elif json.loads(FILE.read_text()) != json.loads(json.dumps(made)):
        sys.exit("credential.json is not what credential.py computes")
    else:
        print(f"{len(made['cases'])} credentials computed again: the same")
