"""What other finders of indicators make of texts: a JSON string a line in, a JSON object a line out.

iocs.py iocextract|ioc-finder|iocsearcher

The answer has a list of values for each kind that the finder knows, by the names of tests/data/ioc. Each finder is asked in the way that suits the corpus
best: to refang, and not to tell parts of what it has found (the domain of a URL, the addresses of a network) once more.
"""

import ipaddress
import json
import logging
import sys

import ioc_finder
import iocextract
import iocsearcher.searcher

logging.disable(logging.CRITICAL)

DOCUMENTATION = [ipaddress.ip_network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


def with_iocextract(text):
    addresses = set(iocextract.extract_ips(text, refang=True))
    return {
        "ipv4": [address for address in addresses if ":" not in address],
        "ipv6": [address for address in addresses if ":" in address],
        "url": list(iocextract.extract_urls(text, refang=True)),
        "email": list(iocextract.extract_emails(text, refang=True)),
        "md5": list(iocextract.extract_md5_hashes(text)),
        "sha1": list(iocextract.extract_sha1_hashes(text)),
        "sha256": list(iocextract.extract_sha256_hashes(text)),
        "sha512": list(iocextract.extract_sha512_hashes(text)),
    }


FINDER = {
    "ipv4s": "ipv4",
    "ipv6s": "ipv6",
    "ipv4_cidrs": "network",
    "ipv6_cidrs": "network",
    "domains": "domain",
    "urls": "url",
    "email_addresses": "email",
    "md5s": "md5",
    "sha1s": "sha1",
    "sha256s": "sha256",
    "sha512s": "sha512",
    "cves": "cve",
    "file_paths": "file-path",
    "registry_key_paths": "registry-key",
    "user_agents": "user-agent",
    "asns": "asn",
}


def with_ioc_finder(text):
    found = ioc_finder.find_iocs(
        text,
        parse_domain_from_url=False,
        parse_from_url_path=False,
        parse_domain_from_email_address=False,
        parse_address_from_cidr=False,
        parse_unicode_iocs=True,
        included_ioc_types=[*FINDER, "attack_techniques"],
    )
    answer = {kind: [] for kind in FINDER.values()}
    for name, kind in FINDER.items():
        answer[kind] += found.get(name, [])
    answer["technique"] = [value for matrix in found.get("attack_techniques", {}).values() for value in matrix]
    return answer


SEARCHER = {
    "ip4": "ipv4",
    "ip6": "ipv6",
    "ip4Net": "network",
    "fqdn": "domain",
    "url": "url",
    "email": "email",
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "cve": "cve",
    "ttp": "technique",
    "registry": "registry-key",
}


def documented(valid):
    """Addresses of documentation stand for public ones in the corpus; the finder takes them for private."""

    def check(_cls, text):
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return valid(text) or any(address in block for block in DOCUMENTATION)

    return classmethod(check)


def with_iocsearcher():
    kind = iocsearcher.searcher.Searcher
    kind.is_valid_ip4 = documented(kind.is_valid_ip4)
    kind.is_valid_ip6 = documented(kind.is_valid_ip6)
    searcher = kind()

    def search(text):
        answer = {kind: [] for kind in SEARCHER.values()}
        for found in searcher.search_data(text, targets=set(SEARCHER), no_overlaps=True):
            answer[SEARCHER[found.name]].append(found.value)
        return answer

    return search


search = {"iocextract": lambda: with_iocextract, "ioc-finder": lambda: with_ioc_finder, "iocsearcher": with_iocsearcher}[sys.argv[1]]()
for line in sys.stdin:
    print(json.dumps(search(json.loads(line))), flush=True)
