"""Write the three messy files of the demonstration, and the truth. Usage: build_demo_registers.py FOLDER

The demonstration makes the same bytes by itself; this is for whoever wants to look at them, or to import them by hand.
Who they describe does not exist: names are drawn from public frequencies, telephones from ranges of fiction.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from entremise.site.invention.files import messy_files


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "verite.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["fichier", "ligne", "personne", "foyer", "piege", "erreurs"])
        for made in messy_files().values():
            (folder / made.name).write_bytes(made.content)
            errors = Counter(name for true in made.truth for name in true.errors)
            for rank, true in enumerate(made.truth, start=1):
                writer.writerow([made.name, rank, true.person, true.household, true.trap, " ".join(true.errors)])
            persons = len({true.person for true in made.truth})
            said = ", ".join(f"{name} {count}" for name, count in errors.most_common(6))
            print(f"{made.name}: {len(made.truth)} rows, {persons} persons, {len(made.content):,} bytes; {said}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
