"""`python -m benchmarks [name…] [--size N]`: run the measures on an empty database, print tables, keep results.

Each module of this package has `SIZE`, its usual size, and `measure(size) -> dict`: `rows` (what was measured, with
p50_ms and p95_ms), and a baseline among them, measured in the same run, so that only ratios are compared.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def modules() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules([str(HERE)]) if not found.name.startswith("_"))


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as text in columns."""
    heads = list(rows[0])
    lines = [heads, *([str(row[head]) for head in heads] for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", choices=[[], *modules()], default=[])
    parser.add_argument("--size", type=int)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="entremise-bench-") as home:
        os.environ |= {"ENTREMISE_HOME": home, "ENTREMISE_DEMO": "1"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "entremise.site.settings")
        import django
        from django.core.management import call_command
        from django.db import connection, connections

        from entremise.kernel.memory import settle

        django.setup()
        for alias in connections:
            call_command("migrate", database=alias, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        settle()  # as a worker of the site does
        for name in asked.names or modules():
            module = importlib.import_module(f"benchmarks.{name}")
            result = module.measure(asked.size or module.SIZE)
            result |= {"database": connection.vendor, "cores": os.cpu_count(), "python": platform.python_version()}
            result |= {"django": django.get_version()}
            print(f"\n{name} (size {result['size']}, {connection.vendor})\n{table(result['rows'])}")
            print("".join(f"{words}: × {ratio}\n" for words, ratio in result["ratios"].items()), end="")
            target = HERE / "results" / f"{name}-{connection.vendor}.json"
            target.parent.mkdir(exist_ok=True)
            target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        connections.close_all()


if __name__ == "__main__":
    main()
