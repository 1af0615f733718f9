"""What the scripts of this folder share: they are called with a folder that holds a bundle for each collection."""

import json
import sys
from pathlib import Path


def bundles():
    """The alias of each collection and its bundle as a file."""
    paths = sorted(Path(sys.argv[1]).glob("*.json"))
    assert len(paths) == 3, paths
    return {path.stem: path for path in paths}


def objects():
    """The objects of all collections, each once, as text and as parsed JSON."""
    distinct = {}
    for path in bundles().values():
        for parsed in json.loads(path.read_text(encoding="utf-8"))["objects"]:
            distinct[json.dumps(parsed)] = parsed
    assert len(distinct) > 1000, len(distinct)
    return distinct.values()
