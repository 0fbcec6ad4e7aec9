#!/usr/bin/env python3
"""A DNS server for the laboratory: dns.py SPKI-DIGEST-IN-HEX. Says of its answers that they were
validated (AD) where the scenario's zone is "secure", as a validating resolver would."""
import socket
import struct
import sys

from scenarios import scenarios

A, NS, MX, AAAA, TLSA, OPT = 1, 2, 15, 28, 52, 41
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3


def pack_name(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def unpack_name(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii", "replace").lower())
        at += 1 + packet[at]
    return ".".join(labels), at + 1


class Zone:
    def __init__(self, digest):
        self.by_name = {scenario.name: scenario for scenario in scenarios()}
        self.digest = digest

    def find(self, name):
        labels = name.split(".")
        return self.by_name.get(labels[-2]) if len(labels) > 1 and labels[-1] == "example" else None

    def tlsa(self, scenario):
        """Response code and records of _25._tcp.MX."""
        if scenario.tlsa == "servfail":
            return SERVFAIL, []
        if scenario.tlsa == "none":
            return NXDOMAIN, []
        digest = self.digest if scenario.tlsa == "match" else bytes(32)
        usage = 1 if scenario.tlsa == "unusable" else 3
        return NOERROR, [struct.pack("!BBB", usage, 1, 1) + digest]

    def answer(self, name, kind):
        """Response code, records (data only), whether validated."""
        scenario = self.find(name)
        if name == "":
            return NOERROR, [pack_name("ns.example")] if kind == NS else [], True
        if scenario is None:
            return NXDOMAIN, [], False
        if name == "_25._tcp." + scenario.mx:
            code, records = self.tlsa(scenario)
            return code, records if kind == TLSA else [], scenario.secure
        if name == scenario.mx:
            return NOERROR, [socket.inet_aton(scenario.address)] if kind == A else [], scenario.secure
        if kind == MX:
            return NOERROR, [struct.pack("!H", 10) + pack_name(scenario.mx)], scenario.secure
        return NOERROR, [], scenario.secure


def reply(zone, query):
    number, flags, questions = struct.unpack("!HHH", query[:6])
    name, at = unpack_name(query, 12)
    kind, = struct.unpack("!H", query[at:at + 2])
    code, records, secure = zone.answer(name, kind)
    if questions != 1 or code == SERVFAIL:
        records, secure = [], False
    flags = 0x8080 | (flags & 0x0110) | (0x0020 if secure else 0) | code
    packet = struct.pack("!HHHHHH", number, flags, 1, len(records), 0, 1) + query[12:at + 4]
    for data in records:
        packet += struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data
    return packet + b"\0" + struct.pack("!HHIH", OPT, 1232, 0x8000, 0)


def main():
    zone = Zone(bytes.fromhex(sys.argv[1]))
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind(("127.0.0.1", 53))
    while True:
        query, peer = port.recvfrom(4096)
        try:
            port.sendto(reply(zone, query), peer)
        except (IndexError, struct.error) as problem:
            print(f"not understood: {query!r}: {problem}", file=sys.stderr)


main()
