"""What pyxform says of a script that passed our checks: its XForm, its warnings, its refusal at the right row.

It runs last and decides nothing of what an expression means (decision 0032). It is a large parser of other people's
files: whatever it raises becomes a problem of the file, never an error page. `validate` stays off: it starts Java.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
from dataclasses import dataclass, field
from typing import Final

from entremise.outreach.engine.xlsform.export import tables
from entremise.outreach.engine.xlsform.headers import language_heading
from entremise.outreach.engine.xlsform.model import Model
from entremise.outreach.engine.xlsform.problems import Report
from entremise.outreach.engine.xlsform.rows import Row

FORM: Final = "script_appel"
_ROW = re.compile(r"\[row : (\d+)\]\s*(?:On the '(\w+)' sheet, the '([\w: ]+)' value)?")


@dataclass(slots=True)
class Converted:
    xform: str = ""
    warnings: list[str] = field(default_factory=list)


def convert(model: Model, rows: dict[str, Row], report: Report) -> Converted:
    """The XForm of a model; a problem `converter_failed`, located when pyxform says where, when it has none."""
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert as xform_of

    sheets = tables(model, own=False)
    asked = {
        "survey": sheets["survey"], "choices": sheets["choices"],
        "settings": [{"form_id": FORM, **sheets["settings"][0]}],
    }  # fmt: skip
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            said = xform_of(
                asked, validate=False, form_name=FORM, default_language=language_heading(model.default_language)
            )
    except PyXFormError as error:
        _locate(str(error), sheets["survey"], rows, report)
    except Exception as error:  # a bare TypeError for some columns: reference § 5.1
        logging.getLogger(__name__).warning("pyxform crashed: %s", type(error).__name__)
        report.add("converter_failed", "survey", f"le convertisseur XLSForm s’est arrêté ({type(error).__name__})")
    else:
        return Converted(said.xform, [str(warning) for warning in said.warnings])
    return Converted()


def _locate(message: str, survey: list[dict[str, str]], rows: dict[str, Row], report: Report) -> None:
    said = f"le convertisseur XLSForm refuse : {' '.join(message.split())[:300].rstrip('.')}"
    found = _ROW.search(message)
    if found and found[2] in (None, "survey") and 0 <= int(found[1]) - 2 < len(survey):
        row = rows.get(survey[int(found[1]) - 2].get("name", ""))
        if row is not None:
            row.wrong("converter_failed", found[3] or "type", said)
            return
    named = re.search(r"named '([^']+)'", message)
    if named and named[1] in rows:
        rows[named[1]].wrong("converter_failed", "name", said)
        return
    report.add("converter_failed", found[2] if found and found[2] else "survey", said)
