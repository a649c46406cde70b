"""A logo in SVG, kept only if it is a drawing: no script, no style sheet, nothing fetched from elsewhere."""

from __future__ import annotations

import re
from xml.etree import ElementTree

MOST_BYTES = 30_000
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SHAPES = frozenset(
    {"svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text"}
    | {"tspan", "use", "symbol", "clipPath", "mask", "linearGradient", "radialGradient", "stop", "pattern"}
)
_INSIDE = re.compile(r"url\(\s*['\"]?(?!#|['\"]?#)", re.IGNORECASE)


class UnsafeLogo(ValueError):
    """Why the drawing is refused, in French, with what to do."""


def clean(text: str) -> str:
    """The drawing, written anew with what is known to be harmless. Raises UnsafeLogo on anything that acts or calls.

    Metadata, comments and attributes of drawing programs are dropped in silence.
    """
    if len(text.encode()) > MOST_BYTES:
        raise UnsafeLogo("Ce logo est trop lourd : 30 ko au plus. Simplifiez-le ou exportez-le en SVG optimisé.")
    if re.search(r"<!(DOCTYPE|ENTITY)|<\?xml-stylesheet", text, re.IGNORECASE):
        raise UnsafeLogo("Ce logo contient des instructions. Exportez-le en « SVG simple » et recommencez.")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  no DTD gets here, hence no entity
    except ElementTree.ParseError:
        raise UnsafeLogo("Ce fichier n’est pas un SVG lisible. Exportez le logo en SVG et recommencez.") from None
    if root.tag != f"{{{SVG}}}svg":
        raise UnsafeLogo("Ce fichier n’est pas un SVG. Exportez le logo en SVG et recommencez.")
    _walk(root)
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    return ElementTree.tostring(root, encoding="unicode")


def _walk(node: ElementTree.Element) -> None:
    for name, value in list(node.attrib.items()):
        space, _, plain = name.rpartition("}")
        low = plain.lower()
        if low.startswith("on"):
            raise UnsafeLogo("Ce logo contient un script. Retirez-le, ou exportez le logo en « SVG simple ».")
        if low in ("href", "src") and not value.strip().startswith("#"):
            raise UnsafeLogo("Ce logo appelle un autre fichier. Intégrez l’image en tracés et recommencez.")
        if _INSIDE.search(value) or "@import" in value.lower() or "javascript:" in re.sub(r"\s", "", value).lower():
            raise UnsafeLogo("Ce logo appelle un autre fichier. Intégrez l’image en tracés et recommencez.")
        if "\\" in value or (space and space != "{" + XLINK):
            del node.attrib[name]
    for child in list(node):
        space, _, plain = str(child.tag).rpartition("}")
        if plain in ("script", "style", "foreignObject", "image", "a", "iframe", "set") or plain.startswith("animate"):
            raise UnsafeLogo(
                f"Ce logo contient un élément « {plain} », qui n’est pas un dessin. Exportez-le en « SVG simple »."
            )
        if space != "{" + SVG or plain not in SHAPES:
            node.remove(child)
        else:
            _walk(child)
