"""Which protocol a server speaks, and whether it accepts a key; `aimd login` asks both before it saves anything."""

from __future__ import annotations

from urllib.parse import urlsplit

from aimd_core.client import answers
from aimd_core.client.connection import NO_RETRY, Connection, Response, RetryPolicy
from aimd_core.config import Credentials
from aimd_core.errors import AccessError, KeyRefusedError, NetworkError, NotAServerError
from aimd_core.format.protocol import SERVER_PATH
from aimd_core.language import said

V1, V2 = 1, 2


def protocol_of(host: str, timeout_s: float | None = None, retry: RetryPolicy = NO_RETRY) -> int:
    """Return the newest protocol that a server speaks, asked without a key.

    Only a version 2 server refuses a request without a key as in docs/reference/http-api.md, "Rules for every request".
    Anything else is taken for version 1.

    Raises:
        UnreachableError: There was no answer.
    """
    with Connection(host, retry=retry, connect_timeout_s=timeout_s) as connection:
        answer = connection.request("GET", "/apis/v2/info")
    realm = answer.headers.get("www-authenticate", "")
    return V2 if answer.status == 401 and 'realm="aimd"' in realm else V1


def verify(credentials: Credentials, timeout_s: float | None = None) -> tuple[str, int]:
    """Return the user of a key and the protocol of the server.

    Raises:
        UnreachableError: There was no answer.
        KeyRefusedError: The server does not accept the key.
        NotAServerError: It is not an AIMD server.
    """
    protocol = protocol_of(credentials.host, timeout_s)
    if protocol == V2:
        return _verify_v2(credentials), V2
    check_is_deployed(credentials.host, NO_RETRY)
    return _verify_v1(credentials), V1


def verified(credentials: Credentials, timeout_s: float | None = None) -> tuple[Credentials, str, int]:
    """Return the credentials with user and protocol; an address without a path is also tried with the usual one.

    Raises:
        NetworkError, AccessError: As `verify` says of the address that was given.
    """
    try:
        return (credentials, *verify(credentials, timeout_s))
    except NotAServerError:
        if urlsplit(credentials.host).path:
            raise
        usual = Credentials(credentials.host + SERVER_PATH, credentials.api_key, credentials.origins)
        try:
            return (usual, *verify(usual, timeout_s))
        except NetworkError:
            pass
        raise


def check_is_deployed(host: str, retry: RetryPolicy) -> None:
    """Check that a host answers a request without a key as version 1 does, with a redirect to a login page.

    Raises:
        UnreachableError: There was no answer.
        NotAServerError: It answers something else, so that no key may be put into a URL for it.
    """
    with Connection(host, retry=retry) as connection:
        answer = connection.request("GET", "/apis/v1/folders")
    if answer.status != 302:
        raise NotAServerError(
            host=host, reason=said("HTTP {status}, which neither protocol expects", status=answer.status)
        )


def _verify_v2(credentials: Credentials) -> str:
    headers = {"Authorization": f"Bearer {credentials.api_key}"}
    with Connection(credentials.host, headers, retry=NO_RETRY) as connection:
        answer = connection.request("GET", "/apis/v2/info")
    if answer.status == 401:
        raise KeyRefusedError(host=credentials.host, reason="unknown, expired or revoked")
    if answer.status != 200:
        raise NotAServerError(host=credentials.host, reason=said("HTTP {status}", status=answer.status))
    return str(answers.read(answer, credentials.host, answers.INFO)["user"])


def _verify_v1(credentials: Credentials) -> str:
    query = {"apikey": credentials.api_key}
    with Connection(credentials.host, retry=NO_RETRY) as connection:
        folders = connection.request("GET", "/apis/v1/folders", query=query)
        check_v1(folders, credentials.host)
        answers.read(folders, credentials.host, answers.OLD_FOLDERS)
        user = connection.request("GET", "/oauth2/userinfo", query=query)
    if user.status != 200:
        raise NotAServerError(host=credentials.host, reason="it does not say who the user is")
    return str(answers.read(user, credentials.host, answers.OLD_USER)["preferred_username"])


def check_v1(answer: Response, host: str) -> None:
    """Raise the error for a version 1 answer, by the section Authentication of the deployed protocol."""
    if answer.status == 400 and b"not found" in answer.body:
        raise KeyRefusedError(host=host, reason="unknown")
    if answer.status in (401, 403):
        raise AccessError(
            message=said("{host} does not allow this", host=host), hint="Ask for a key that has AIMD permissions"
        )
    if answer.status // 100 != 2:
        raise NotAServerError(host=host, reason=said("HTTP {status}", status=answer.status))
