"""From cells as received to the canonical row that linkage compares. It exists in memory only, and is never stored.

Missing is None, never an empty text nor an empty list: two empties would match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from entremise.registers.engine.fields import Communes, address, birth_date, phones
from entremise.registers.engine.names import MARKERS, FirstNames, given_names, glue, sex_of, sound, surnames, words

if TYPE_CHECKING:
    import duckdb
    import pyarrow

PREPARED_SCHEMA = 1
TEXTS = (
    *("source_dataset", "given", "given1", "given_rest", "given_ph", "given_known", "surname", "surname_ph"),
    *("dob", "dob_year", "sex", "sex_hint", "house_no", "street", "commune"),
)
LISTS = ("given_set", "surnames", "surnames_ph", "phones")
COLUMNS = ("unique_id", *TEXTS, *LISTS)
BATCH = 10_000  # rows of one Arrow batch
CROWD_PHONE, CROWD_ADDRESS = 6, 40  # surname sounds, records: above, the value identifies nobody

Row = tuple[Any, ...]


def principal(cell: str | None) -> str | None:
    """The name in use: after « épouse » or « veuve », else what stands first (`MARTIN née DUPONT` → MARTIN)."""
    found = words(cell)
    chunks: list[tuple[str | None, list[str]]] = [(None, [])]
    for word in found:
        if word in MARKERS and len(found) > 1:
            chunks.append((MARKERS[word], []))
        else:
            chunks[-1][1].append(word)
    used = [parts for role, parts in chunks if role == "usage" and parts] or [parts for _, parts in chunks if parts]
    return "".join(glue(used[0])) if used else None


@lru_cache(1 << 17)
def _family(
    usage: str | None, last: str | None, birth: str | None
) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
    """(surname in use, every surname, their sounds)."""
    every, _ = surnames(usage, last, birth)
    return (
        principal(usage) or principal(last) or principal(birth),
        tuple(every),
        tuple(dict.fromkeys(map(sound, every))),
    )


def prepare(cells: Mapping[str, Any], *, names: FirstNames, communes: Communes, today: date, epoch: int = 1900) -> Row:
    """One row in the order of `COLUMNS`.

    Keys read, each optional but `record` (int, unique over the instance) and `register` (its code): first_name,
    last_name, usage_name, birth_name, birth_date, sex, phone, phone_2, address, postcode, town. A category that the
    grant refuses is simply missing: the comparison says « missing ».
    """
    get = cells.get
    given = given_names(get("first_name"), names)
    surname, every, sounds = _family(get("usage_name"), get("last_name"), get("birth_name"))
    born = birth_date(get("birth_date"), today=today, epoch=epoch)
    numbers = phones(get("phone"))[0]
    if get("phone_2"):
        numbers = tuple(dict.fromkeys(numbers + phones(get("phone_2"))[0]))
    where = address(get("address"))
    place = communes.resolve(get("town"), get("postcode"))
    return (
        cells["record"],
        cells["register"],
        given and given.joined,
        given and given.first,
        given and given.rest,
        given and sound(given.first),
        "y" if given and given.known else None,
        surname,
        surname and sound(surname),
        born.dob,
        born.year,
        sex_of(get("sex")),
        given and given.sex,
        where.number,
        where.street,
        place.code,
        list(given.together) or None if given else None,
        list(every) or None,
        list(sounds) or None,
        list(numbers) or None,
    )


def batches(rows: Iterable[Row], size: int = BATCH) -> Iterator[pyarrow.RecordBatch]:
    """Arrow batches of prepared rows: a million rows never stand in Python at once."""
    held: list[Row] = []
    for row in rows:
        held.append(row)
        if len(held) == size:
            yield as_batch(held)
            held = []
    if held:
        yield as_batch(held)


def schema() -> pyarrow.Schema:
    import pyarrow

    fields = [("unique_id", pyarrow.int64()), *((name, pyarrow.string()) for name in TEXTS)]
    return pyarrow.schema(fields + [(name, pyarrow.list_(pyarrow.string())) for name in LISTS])


def as_batch(rows: list[Row]) -> pyarrow.RecordBatch:
    """Prepared rows as columns. IndexError when there is none."""
    import pyarrow

    wanted = schema()
    columns = [
        pyarrow.array(column, field.type) for column, field in zip(zip(*rows, strict=True), wanted, strict=True)
    ]
    return pyarrow.RecordBatch.from_arrays(columns, schema=wanted)


def table(rows: Iterable[Row]) -> pyarrow.Table:
    import pyarrow

    return pyarrow.Table.from_batches(list(batches(rows)), schema())


def load(con: duckdb.DuckDBPyConnection, rows: Iterable[Row], name: str = "prepared") -> int:
    """Create the table in the sealed connection, batch by batch; the number of rows. `name` is code, never a value."""
    return load_batches(con, batches(rows), name)


def load_batches(con: duckdb.DuckDBPyConnection, ready: Iterable[pyarrow.RecordBatch], name: str = "prepared") -> int:
    """The same from batches made elsewhere."""
    import pyarrow

    number = 0
    columns = ", ".join(
        ["unique_id bigint", *(f"{text} varchar" for text in TEXTS), *(f"{text} varchar[]" for text in LISTS)]
    )
    con.execute(f"create or replace table {name} ({columns})").fetchall()
    for batch in ready:
        con.register("batch", pyarrow.Table.from_batches([batch]))
        con.execute(f"insert into {name} select * from batch").fetchall()  # noqa: S608 - a name of ours
        con.unregister("batch")
        number += batch.num_rows
    return number


# Names of tables are code of ours; the values stay in the connection.
CROWDED_PHONES = """create or replace temp table crowd as
select phone from (select unnest(phones) as phone, surname_ph from {name}) group by phone
having count(distinct surname_ph) > {most}"""
TOUCHED_BY_PHONE = """select unique_id from {name}, (select list(phone) as shared from crowd) as c
where list_has_any(phones, shared) order by 1"""
FORGET_PHONES = """update {name} set phones = nullif(list_filter(phones, lambda p: not list_contains(c.shared, p)), [])
from (select list(phone) as shared from crowd) as c where list_has_any(phones, c.shared)"""
CROWDED_ADDRESSES = """create or replace temp table crowd as select commune, street, house_no from {name}
where street is not null and commune is not null and house_no is not null group by all having count(*) > {most}"""
TOUCHED_BY_ADDRESS = "select unique_id from {name} join crowd using (commune, street, house_no) order by 1"
FORGET_ADDRESSES = """update {name} set street = null, house_no = null from crowd
where crowd.commune = {name}.commune and crowd.street = {name}.street and crowd.house_no = {name}.house_no"""


def forget_crowds(
    con: duckdb.DuckDBPyConnection,
    name: str = "prepared",
    crowd_phone: int = CROWD_PHONE,
    crowd_address: int = CROWD_ADDRESS,
) -> tuple[list[int], list[int]]:
    """Take out of the comparison the values that identify nobody: a hostel's line, a large building, a CCAS.

    A phone under more than `crowd_phone` surname sounds, an address under more than `crowd_address` records. Gives the
    ids of the records touched (phones, addresses), for the keeper; the records themselves stay, and are still dialled.
    """

    def forget(crowd: str, touched: str, update: str, most: int) -> list[int]:
        con.execute(crowd.format(name=name, most=int(most))).fetchall()
        found = [row[0] for row in con.execute(touched.format(name=name)).fetchall()]
        if found:
            con.execute(update.format(name=name)).fetchall()
        con.execute("drop table crowd").fetchall()
        return found

    return (
        forget(CROWDED_PHONES, TOUCHED_BY_PHONE, FORGET_PHONES, crowd_phone),
        forget(CROWDED_ADDRESSES, TOUCHED_BY_ADDRESS, FORGET_ADDRESSES, crowd_address),
    )
