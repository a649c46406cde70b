"""What a page of technical error, or the e-mail of one, may show: where and which kind, never what was in hand."""

from __future__ import annotations

from collections.abc import ItemsView
from types import FrameType, TracebackType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class NoValues(SafeExceptionReporterFilter):
    """Django hides what is marked sensitive, and only outside debugging. Here everything is, always: a template's
    context, a form, a list of openings hold values of persons wherever the error happens."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request is not None else {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType | TracebackType
    ) -> ItemsView[str, Any]:
        frame: Any = tb_frame
        return {name: Hidden(type(value).__name__) for name, value in frame.f_locals.items()}.items()


class Hidden:
    """The type of a value instead of it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"<{self.kind}>"
