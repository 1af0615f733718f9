"""The validator of the standard's own committee, as a filter; and objects to feed it.

objects.py judge      an object a line on standard input -> a list of errors a line on standard output
objects.py generate   prints objects of stix2-generator, one a line, always the same ones
objects.py examples   prints the objects of the reports that come with stix2-validator, one a line
"""

import datetime
import json
import pathlib
import random
import sys
import types
import uuid

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


{"judge": judge, "generate": generate, "examples": examples}[sys.argv[1]]()
