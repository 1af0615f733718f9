"""python-stix2: TAXIICollectionStore adds, gets and queries. Its sink posts bundles, its source asks for 5000 objects a page."""

from stix2 import Bundle, Filter, Indicator, Malware, Relationship, TAXIICollectionStore, TLP_GREEN
from taxii2client.v21 import Server

from common import DISCOVERY, PASSWORD, USER, identifier, indicator

CREATED = "2021-03-02T00:00:00Z"

root = Server(DISCOVERY, user=USER, password=PASSWORD).default
collection = next(collection for collection in root.collections if collection.title == "The private collection")
store = TAXIICollectionStore(collection)

assert store.get(identifier(1)) is None
assert store.query([Filter("type", "=", "indicator")]) == []

malware = Malware(id=identifier(1, "malware"), created=CREATED, modified=CREATED, name="webshell", is_family=False)
pointing = Relationship(
    id=identifier(1, "relationship"), created=CREATED, modified=CREATED,
    relationship_type="indicates", source_ref=identifier(1), target_ref=malware.id,
)
# An object, a dictionary, a list, a text and a bundle.
store.add(malware)
store.add(indicator(1))
store.add([indicator(2), pointing])
store.add(TLP_GREEN)
store.add(Indicator(**dict(indicator(3), object_marking_refs=[TLP_GREEN])).serialize())
store.add(Bundle(Indicator(**indicator(4)), malware))
store.add(indicator(1, "2021-03-06T00:00:00.000Z"))

assert store.get(malware.id) == malware
assert store.get(identifier(1)).modified.day == 6
assert sorted(version.modified.day for version in store.all_versions(identifier(1))) == [2, 6]
assert {found.id for found in store.query([Filter("type", "=", "indicator")])} == {identifier(n) for n in (1, 2, 3, 4)}
assert [found.id for found in store.query([Filter("type", "=", "indicator"), Filter("name", "=", "sample 3")])] == [identifier(3)]
assert [found.id for found in store.query([Filter("id", "=", identifier(2))])] == [identifier(2)]
assert store.query([Filter("added_after", "=", "2030-01-01T00:00:00Z")]) == []
assert [found.id for found in store.relationships(malware)] == [pointing.id]
assert [found.id for found in store.related_to(malware)] == [identifier(1)]
for page_size in (2, 5000):
    paged = TAXIICollectionStore(collection, items_per_page=page_size)
    assert len(paged.query()) == 7, [found.id for found in paged.query()]
