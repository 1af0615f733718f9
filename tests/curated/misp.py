"""misp-stix imports both main collections, as one event and as an event for each report, with the value of every indicator."""

import re

from common import bundles
from misp_stix_converter import ExternalSTIX2toMISPParser
from stix2 import parse

# The types that MISP gives to what the patterns compare.
TYPES = {
    "ipv4-addr:value": "ip-dst",
    "domain-name:value": "domain",
    "email-addr:value": "email",
    "file:hashes.MD5": "md5",
    "file:hashes.'SHA-1'": "sha1",
    "file:hashes.'SHA-256'": "sha256",
}
# What misp-stix has no counterpart for and says so, without harm to the rest: infrastructure, and reports and notes within a report.
KNOWN = re.compile(r"(Unable to load|Unknown) STIX object type: (infrastructure|note|opinion|report)")


def indicators(bundle):
    """Kind and value of every simple indicator, as MISP calls them."""
    patterns = [each["pattern"] for each in bundle.objects if each["type"] == "indicator"]
    pairs = [re.fullmatch(r"\[(.*) = '(.*)'\]", pattern).groups() for pattern in patterns]
    return {(TYPES[path], value) for path, value in pairs}


def imported(bundle, single_event):
    """The events of MISP, and what it could not do."""
    parser = ExternalSTIX2toMISPParser()
    parser.load_stix_bundle(bundle)
    parser.parse_stix_bundle(single_event=single_event)
    errors = [error for errors in (parser.errors or {}).values() for error in errors]
    return ([parser.misp_event] if parser.single_event else parser.misp_events), errors


def values(event):
    """Kind and value of every attribute of an event, those within objects too."""
    attributes = list(event.attributes) + [attribute for each in event.objects for attribute in each.attributes]
    return {(attribute.type, attribute.value) for attribute in attributes}


for alias in ("exchange-2021-indicators", "exchange-2021"):
    bundle = parse(bundles()[alias].read_text(encoding="utf-8"), allow_custom=False)
    for single_event in (True, False):
        events, errors = imported(bundle, single_event)
        unexpected = [error for error in errors if not KNOWN.fullmatch(error)]
        assert not unexpected, (alias, unexpected)
        missing = indicators(bundle) - set().union(*(values(event) for event in events))
        assert not missing, (alias, single_event, missing)
        print(f"{alias}: {len(events)} events, {len(indicators(bundle))} indicators, {len(errors)} known errors")
