"""Signing in and out: two forms, a cookie, and patience for those who guess."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

from towline_relay.admin.auth import Attempts, Sessions
from towline_relay.admin.forms import inside, read_form

__all__ = ["SESSION", "SignIn"]

#: Name of the cookie of a session.
SESSION = "towline_session"
_BEFORE = "towline_sign_in"


class Render(Protocol):
    """Renders a template as an answer."""

    def __call__(
        self, request: web.Request, template: str, data: Mapping[str, Any], *, status: int = 200
    ) -> web.Response: ...


class SignIn:
    """The forms by which a person comes in and goes."""

    def __init__(self, *, sessions: Sessions, attempts: Attempts, render: Render) -> None:
        self._sessions = sessions
        self._attempts = attempts
        self._render = render

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Show the form."""
        return self._form(request, error="", status=200)

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """Take the form; a right token leads to where one wanted to go."""
        address = request.remote or ""
        wait = self._attempts.wait_s(address)
        if wait:
            error = f"Too many attempts. Try again in {math.ceil(wait)} seconds."
            response = self._form(request, error=error, status=429)
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        form = await read_form(request)
        bound = request.cookies.get(_BEFORE, "")
        if not self._sessions.is_form_token(form.get("form_token", ""), bound_to=bound):
            return self._form(request, error="This form had expired. Try again.", status=403)
        if not self._sessions.is_token(form.get("token", "").strip()):
            self._attempts.failed(address)
            error = "This is not the operator token. It is in admin.token in the state folder."
            return self._form(request, error=error, status=401)
        response = web.HTTPSeeOther(inside(form.get("next", "")))
        response.del_cookie(_BEFORE, path="/admin")
        self._set_cookie(request, response, SESSION, self._sessions.start())
        raise response

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """End the session of who sent the form."""
        form = await read_form(request)
        session = request.cookies.get(SESSION, "")
        if not self._sessions.is_form_token(form.get("form_token", ""), bound_to=session):
            what = {"what": "This form had expired."}
            return self._render(request, "wrong.html", what, status=403)
        response = web.HTTPSeeOther("/admin/sign-in")
        response.del_cookie(SESSION, path="/admin")
        raise response

    def _form(self, request: web.Request, *, error: str, status: int) -> web.Response:
        bound = secrets.token_urlsafe(16)
        data = {
            "error": error,
            "next": inside(request.query.get("next", "")),
            "sign_in_token": self._sessions.form_token(bound),
        }
        response = self._render(request, "sign_in.html", data, status=status)
        self._set_cookie(request, response, _BEFORE, bound)
        return response

    def _set_cookie(
        self, request: web.Request, response: web.StreamResponse, name: str, value: str
    ) -> None:
        # Behind the customer's proxy we see plain HTTP; its header may only make a cookie stricter.
        secure = request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"
        response.set_cookie(
            name,
            value,
            max_age=self._sessions.lasts_s,
            path="/admin",
            httponly=True,
            samesite="Strict",
            secure=secure,
        )
