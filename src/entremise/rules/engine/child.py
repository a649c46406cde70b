"""First reading of a text nobody has read yet, in a process that may die: run as a script, never imported.

Reads `{"schema", "text"}` as JSON on its standard input; writes `{"errors": [...]}`. Knows nothing of the product.
"""

from __future__ import annotations

import json
import sys

import cedarpy


def main() -> None:
    asked = json.load(sys.stdin)
    try:
        schema = cedarpy.Schema.from_str(asked["schema"])
        cedarpy.policies_to_json_str(asked["text"])
        result = cedarpy.validate_policies(asked["text"], schema)
        errors = [] if result.validation_passed else [e.error for e in result.errors] or ["validation failed"]
    except ValueError as error:
        errors = [str(error)]
    json.dump({"errors": errors}, sys.stdout)


if __name__ == "__main__":
    main()
