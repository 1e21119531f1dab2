"""Version 1 of the API, as deployed clients speak it: `?apikey=`, plain texts, its own status codes.

Source: the deployed protocol. A path that is not there answers 404 with an empty body, which is how
deployed clients tell a wrong address.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from aimd_server.routes import v1_folders, v1_trials
from aimd_server.routes.access import Access, Backend, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer, text_answer
from aimd_server.services.refusals import RefusalError
from aimd_server.stores.accounts import Account

PREFIX = "/apis/v1"
_STATUS = {"forbidden": 403, "too_large": 413, "unsupported_encoding": 415, "busy": 503}
_DOC_NOT_FOUND = "[Get] doc not found"


class Version1:
    """The dialect of version 1.

    Attributes:
        login_page: Where a caller without a key is sent.
    """

    def __init__(self, login_page: str) -> None:
        self.login_page = login_page

    async def authenticate(self, request: Request, backend: Backend) -> Account | Response:
        """Return who calls, or the deployed answers for a missing, empty and unknown key."""
        key = request.query_params.get("apikey")
        if key is None:
            return empty_answer(302, {"Location": self.login_page})
        if not key:
            return text_answer("query is needed: apikey", 400)
        account = await backend.lookups.account_of(key)
        return account or text_answer(f"api key {key} not found\n", 400)

    def refused(self, error: RefusalError) -> Response:
        """Return a refusal as the deployed text that clients look for."""
        if error.code in ("not_found", "folder_not_found"):
            return text_answer(_DOC_NOT_FOUND, 500)
        if error.code == "name_taken":
            return text_answer(f"Trial {error.facts['name']} already exists", 400)
        headers = {"Retry-After": "2"} if error.code == "busy" else None
        return text_answer(error.message, _STATUS.get(error.code, 400), headers)

    def unavailable(self) -> Response:
        """Return that the database cannot be used now."""
        return text_answer("the server cannot use its database now", 503, {"Retry-After": "2"})

    def wrong_method(self, allowed: list[str]) -> Response:
        """Return which methods the path takes."""
        return empty_answer(405, {"Allow": ", ".join(allowed)})


async def get_userinfo(call: Call) -> Response:
    """Answer with the user's name."""
    return json_answer({"preferred_username": call.user.name})


def routes(base: str, login_page: str) -> list[RouteTable]:
    """Return the routes of version 1 below the server's path."""
    dialect = Version1(login_page)
    table = RouteTable(base + PREFIX, dialect)
    v1_folders.register(table)
    v1_trials.register(table)
    oauth2 = RouteTable(base + "/oauth2", dialect)
    oauth2.add("GET", "/userinfo", get_userinfo, access=Access.ANY_USER)
    _open_to_uploads(table)
    oauth2.open_to_uploads(("GET", "/userinfo"))
    return [table, oauth2]


def _open_to_uploads(table: RouteTable) -> None:
    """Let upload-only keys do what a deployed client does to upload, and no more: no reading back, no deleting."""
    table.open_to_uploads(
        ("GET", "/folders"),
        ("POST", "/folders"),
        ("GET", "/folders/id"),
        ("GET", "/folders/{id}"),
        ("POST", "/trials"),
        ("GET", "/trials/id"),
        ("POST", "/trials/{id}/status"),
        ("POST", "/trials/{id}/parameters"),
        ("POST", "/trials/{id}/metrics/{type}"),
    )
