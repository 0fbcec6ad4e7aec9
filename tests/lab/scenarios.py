"""The scenarios: names, addresses and certificates. Recipients are u@POLICY.SCENARIO.example."""
import os

FOLDER = os.path.dirname(os.path.abspath(__file__))


class Scenario:
    def __init__(self, number, fields):
        self.name, self.server, self.certificate, self.tlsa, zone = fields
        self.secure = zone == "secure"
        self.mx = f"mx.{self.name}.example"
        # Not 127.0.0.1: a mail server takes a host with its own address for itself.
        self.address = f"127.1.0.{number}"


def scenarios():
    found = []
    with open(os.path.join(FOLDER, "scenarios.tsv"), encoding="ascii") as lines:
        for line in lines:
            if not line.startswith("#"):
                found.append(Scenario(len(found) + 1, line.rstrip("\n").split("\t")))
    return found
