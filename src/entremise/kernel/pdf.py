"""Letters to print: a Typst source of ours and data become a PDF, in this process, without network or file.

The data travel as JSON beside the source and are never read as markup: nothing a person typed can become a command.
The fonts are those inside the package `typst`: the same page on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.views.decorators.debug import sensitive_variables

ROOM = Path(__file__).parent / "letters"
"""The only folder a source may read: shared shapes, no data."""
HEAD = '#let data = json(bytes(sys.inputs.at("data")))\n#set text(lang: "fr", region: "FR")\n'


class PdfFailed(RuntimeError):
    """A source of ours is wrong, or lacks something in its data. Its text names neither source nor data."""


@cache
def fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


@sensitive_variables()
def render(source: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of a Typst source that reads `data` (JSON values): PDF/UA-1, tagged, in French, fonts inside.

    `#import "letter.typ": letter` gives the shape of a letter. The document must set its title (PDF/UA asks for
    one). Raises PdfFailed; ValueError for a source that would fetch a package from the network.
    """
    if "@preview" in source or "@local" in source:
        raise ValueError("a source uses no package: nothing is fetched")
    text = json.dumps(data, ensure_ascii=False)
    try:
        made = _compile(source, text, ["ua-1"])
    except (
        typst.TypstError
    ):  # a sign that none of our fonts draws (Arabic, Chinese): tagged still, without the promise
        try:
            made = _compile(source, text, [])
        except typst.TypstError:
            # Its message quotes the source, its trace may quote the data: neither leaves.
            raise PdfFailed("the letter could not be set") from None
    if not isinstance(made, bytes):
        raise PdfFailed("the letter has no page")
    return made


@sensitive_variables()
def _compile(source: str, text: str, standards: list[typst.PDFStandard]) -> object:
    compiler = typst.Compiler(
        (HEAD + source).encode(),
        root=ROOM,
        font_paths=fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": text},
    )
    return compiler.compile(format="pdf", pdf_standards=standards)
