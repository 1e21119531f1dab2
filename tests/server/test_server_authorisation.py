"""Who may do what: every route of the running application, for every kind of caller and of object.

The rows come from the live route table; a route that is not described here fails the test.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.responses import Response

from aimd_core.format.protocol import SERVER_PATH
from aimd_server.app import create_app
from aimd_server.blobs.disk import DiskBlobs
from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.guards import Guards
from aimd_server.routes.pages import Pages
from aimd_server.services import (
    artifact_bytes,
    artifact_changes,
    artifacts,
    folder_tree,
    identity,
    media,
    saved_views,
    sessions,
    sharing,
    short_addresses,
    shortcuts,
    trash,
    trial_files,
    trials,
    visibility,
)
from aimd_server.services.artifact_bytes import Filling, Parts
from aimd_server.services.contents import Receiving
from aimd_server.services.folder_tree import NewFolder
from aimd_server.services.folders import FolderWish
from aimd_server.services.identity import KeyWish, hash_of
from aimd_server.services.media import MediaWish
from aimd_server.services.saved_views import ViewKey, ViewWish
from aimd_server.services.sessions import SignIn, Tokens
from aimd_server.services.sharing import ShareWish
from aimd_server.services.short_addresses import AddressWish
from aimd_server.services.shortcuts import ShortcutWish
from aimd_server.services.trial_files import FilesWish, SentFile
from aimd_server.services.trials import TrialWish
from aimd_server.services.visibility import Role
from aimd_server.storage import Storage
from aimd_server.stores import accounts, shares
from aimd_server.stores import media as stored_media
from aimd_server.stores import sessions as sessions_store
from aimd_server.stores.accounts import Account
from aimd_server.stores.database import Database
from tests.server.api import line, new_id, wish
from tests.support.quick_disk import quick_folder

ALLOWED, NO_KEY, FORBIDDEN, HIDDEN = "allowed", "no key", "forbidden", "hidden"
V1, V2 = f"{SERVER_PATH}/apis/v1", f"{SERVER_PATH}/apis/v2"


class Rule(NamedTuple):
    """What a route needs: of an object (`folder`, `trial` or `artifact`), a role; `take`: an editor of what it lies in.

    `tree` is one's own tree; `trash` its owner; `self` needs a key only.
    """

    needs: str
    object: str = ""
    body: Any = None
    query: str = ""
    uploads: bool = False
    reads: bool = False
    is_linked: bool = True  # whether the holder of a public link sees it
    is_open: bool = False  # of an artifact: not final, so that only editors see it


_PATCH_BODY = line(1)
_VIEW = f"{V2}/folders/{{id}}/views/{{name}}"
_EMPTY = hashlib.sha256().hexdigest()  # the digest of no bytes
RULES: dict[tuple[str, str], Rule] = {
    ("GET", f"{V2}/info"): Rule("self", uploads=True),
    ("GET", f"{V2}/openapi.json"): Rule("self"),
    ("GET", f"{V2}/folders"): Rule("tree"),
    ("POST", f"{V2}/folders"): Rule("editor", "folder", {"parent": "{id}", "name": "made-{n}"}),
    ("GET", f"{V2}/folders/by-path"): Rule("tree", query="path=/"),
    ("GET", f"{V2}/folders/{{id}}"): Rule("viewer", "folder"),
    ("PATCH", f"{V2}/folders/{{id}}"): Rule("take", "folder", {"name": "renamed-{n}"}),
    ("DELETE", f"{V2}/folders/{{id}}"): Rule("take", "folder"),
    ("POST", f"{V2}/folders/{{id}}/restore"): Rule("trash", "folder"),
    ("GET", f"{V2}/folders/{{id}}/export"): Rule("viewer", "folder"),
    ("POST", f"{V2}/folders/{{id}}/shortcuts"): Rule("editor", "folder", {"target": "{target}"}),
    ("DELETE", f"{V2}/shortcuts/{{id}}"): Rule("editor", "shortcut"),
    ("GET", f"{V2}/folders/{{id}}/views"): Rule("viewer", "folder"),
    ("GET", _VIEW): Rule("viewer", "view", query="shared=1", is_linked=False),
    ("PUT", _VIEW): Rule("editor", "view", {"view": {"sort": "name"}}, query="shared=1"),
    ("DELETE", _VIEW): Rule("editor", "view", query="shared=1"),
    ("GET", f"{V2}/folders/{{id}}/baseline"): Rule("viewer", "folder"),
    ("PUT", f"{V2}/folders/{{id}}/baseline"): Rule("editor", "folder", {"trial": "{trial}"}),
    ("DELETE", f"{V2}/folders/{{id}}/baseline"): Rule("editor", "folder"),
    ("GET", f"{V2}/folders/{{id}}/note"): Rule("viewer", "folder"),
    ("PUT", f"{V2}/folders/{{id}}/note"): Rule("editor", "folder", {"note": "seen"}),
    ("GET", f"{V2}/folders/{{id}}/report"): Rule("viewer", "folder"),
    ("POST", f"{V2}/folders/{{id}}/addresses"): Rule("viewer", "folder", {"address": "#/folders/{id}/?sort=name"}),
    ("GET", f"{V2}/addresses/{{id}}"): Rule("viewer", "address"),
    ("POST", f"{V2}/trials/changes"): Rule("self", body={"ids": [], "action": "delete"}),
    ("GET", f"{V2}/trials"): Rule("viewer", "folder", query="folder_id={id}"),
    ("GET", f"{V2}/trials/columns"): Rule("viewer", "folder", query="folder_id={id}"),
    ("GET", f"{V2}/trials/values"): Rule("viewer", "folder", query="folder_id={id}&fields=name"),
    ("GET", f"{V2}/events"): Rule("viewer", "folder", query="folder_id={id}"),
    ("POST", f"{V2}/trials/batch"): Rule("self", body={"ids": []}, reads=True),
    ("POST", f"{V2}/trials/known"): Rule("self", body={"ids": []}, reads=True, uploads=True),
    ("POST", f"{V2}/metrics"): Rule("self", body={"trials": []}, reads=True),
    ("PUT", f"{V2}/trials/{{id}}/files/{{file}}"): Rule("editor", "trial", b"a: 1", uploads=True),
    ("GET", f"{V2}/trials/{{id}}"): Rule("viewer", "trial"),
    ("PUT", f"{V2}/trials/{{id}}"): Rule("editor", "trial", wish(), uploads=True),
    ("PATCH", f"{V2}/trials/{{id}}"): Rule("editor", "trial", {"note": "seen"}),
    ("DELETE", f"{V2}/trials/{{id}}"): Rule("take", "trial"),
    ("POST", f"{V2}/trials/{{id}}/restore"): Rule("trash", "trial"),
    ("GET", f"{V2}/trash"): Rule("self"),
    ("HEAD", f"{V2}/trials/{{id}}/files/{{file}}"): Rule("viewer", "trial", uploads=True),
    ("GET", f"{V2}/trials/{{id}}/files/{{file}}"): Rule("viewer", "trial"),
    ("PATCH", f"{V2}/trials/{{id}}/files/{{file}}"): Rule("editor", "trial", _PATCH_BODY, uploads=True),
    ("POST", f"{V2}/contents/missing"): Rule("self", body={"digests": []}, reads=True, uploads=True),
    ("POST", f"{V2}/contents"): Rule("self", body=b"[0]\n", uploads=True),
    ("HEAD", f"{V2}/contents/{{digest}}"): Rule("self", uploads=True),
    ("PATCH", f"{V2}/contents/{{digest}}"): Rule("self", body=b"", uploads=True),
    ("GET", f"{V2}/trials/{{id}}/files/{{file}}/lines"): Rule("viewer", "trial", query="line=1"),
    ("GET", f"{V2}/trials/{{id}}/files"): Rule("viewer", "trial"),
    ("POST", f"{V2}/trials/{{id}}/files"): Rule("editor", "trial", {"files": []}, uploads=True),
    ("GET", f"{V2}/trials/{{id}}/content"): Rule("viewer", "trial", query="path={file}", is_linked=False),
    ("GET", f"{V2}/trials/{{id}}/content/parts"): Rule("viewer", "trial", query="path={file}", is_linked=False),
    ("POST", f"{V2}/trials/{{id}}/contents"): Rule(
        "viewer", "trial", {"names": ["{file}"]}, reads=True, is_linked=False
    ),
    ("GET", f"{V2}/me/keys"): Rule("self"),
    ("POST", f"{V2}/me/keys"): Rule("self", body={}),
    ("DELETE", f"{V2}/me/keys/{{number}}"): Rule("own key"),
    ("POST", f"{V2}/session"): Rule("sign in", body={"key": "{key}"}),
    ("GET", f"{V2}/session"): Rule("self", uploads=True),
    ("DELETE", f"{V2}/session"): Rule("self", uploads=True, reads=True),
    ("GET", f"{V2}/me/sessions"): Rule("self"),
    ("DELETE", f"{V2}/me/sessions/{{number}}"): Rule("own session", reads=True),
    ("GET", f"{V2}/shared"): Rule("self"),
    ("GET", f"{V2}/audit"): Rule("admin"),
    ("GET", "/metrics"): Rule("admin"),
    **{
        (method, f"{V2}/{kind}s/{{id}}/shares{rest}"): Rule("owner", kind, body)
        for kind in ("folder", "trial")
        for method, rest, body in [("GET", "", None), ("POST", "", {"link": True}), ("DELETE", "/{number}", None)]
    },
    ("GET", f"{SERVER_PATH}/oauth2/userinfo"): Rule("self", uploads=True),
    ("GET", f"{V1}/folders"): Rule("self", uploads=True),
    ("POST", f"{V1}/folders"): Rule(
        "editor", "folder", {"metadata": {"name": "old-{n}", "folder": "{id}"}}, uploads=True
    ),
    ("GET", f"{V1}/folders/id"): Rule("tree", query="path=/", uploads=True),
    ("GET", f"{V1}/folders/{{id}}"): Rule("viewer", "folder", uploads=True),
    ("POST", f"{V1}/trials"): Rule("editor", "folder", {"metadata": {"name": "t-{n}", "folder": "{id}"}}, uploads=True),
    ("GET", f"{V1}/trials/id"): Rule("viewer", "trial", query="folder={folder}&name={name}", uploads=True),
    ("GET", f"{V1}/trials/{{id}}"): Rule("viewer", "trial"),
    ("PUT", f"{V1}/trials/{{id}}"): Rule("editor", "trial", {"status": "Failed"}),
    ("DELETE", f"{V1}/trials/{{id}}"): Rule("take", "trial"),
    ("POST", f"{V1}/trials/{{id}}/status"): Rule("editor", "trial", {"status": "Failed"}, uploads=True),
    ("GET", f"{V1}/trials/{{id}}/parameters"): Rule("viewer", "trial"),
    ("POST", f"{V1}/trials/{{id}}/parameters"): Rule("editor", "trial", {"a": 1}, uploads=True),
    ("GET", f"{V1}/trials/{{id}}/metrics"): Rule("viewer", "trial"),
    ("POST", f"{V1}/trials/{{id}}/metrics/{{type}}"): Rule("editor", "trial", [], uploads=True),
}
_ARTIFACT = f"{V1}/artifacts/{{id}}"
_FORM = b'--b\r\nContent-Disposition: form-data; name="content"\r\n\r\nbytes\r\n--b--\r\n'
_PARTS = {"parts": [{"etag": "{etag}", "partNumber": 1}]}
RULES |= {
    ("POST", f"{V1}/artifacts"): Rule(
        "editor", "folder", {"metadata": {}}, "folder={id}&repo=r-{n}&type=model", uploads=True
    ),
    ("GET", f"{V1}/artifacts"): Rule("viewer", "artifact", query="folder={folder}&repo={repo}"),
    ("GET", _ARTIFACT): Rule("viewer", "artifact", uploads=True),
    ("POST", f"{_ARTIFACT}/objects"): Rule("editor", "artifact", _FORM, "key=b", uploads=True, is_open=True),
    ("GET", f"{_ARTIFACT}/objects"): Rule("viewer", "artifact", query="key=a", is_linked=False),
    ("GET", f"{_ARTIFACT}/objects/ls"): Rule("viewer", "artifact", uploads=True),
    ("POST", f"{_ARTIFACT}/multipart"): Rule("editor", "artifact", query="key=b", uploads=True, is_open=True),
    ("PUT", f"{_ARTIFACT}/multipart/{{upload}}"): Rule(
        "editor", "artifact", b"bytes", "key=b&partNum=1", uploads=True, is_open=True
    ),
    ("POST", f"{_ARTIFACT}/multipart/{{upload}}"): Rule(
        "editor", "artifact", _PARTS, "key=b", uploads=True, is_open=True
    ),
    ("PUT", f"{_ARTIFACT}/finalize"): Rule("editor", "artifact", uploads=True, is_open=True),
    ("GET", f"{V1}/repos"): Rule("self"),
    ("GET", f"{V2}/artifacts"): Rule("viewer", "folder", query="folder_id={id}"),
    ("POST", f"{V2}/artifacts/batch"): Rule("self", body={"ids": []}, reads=True),
    ("GET", f"{V2}/artifacts/by-tag"): Rule("viewer", "artifact", query="folder={folder}&repo={repo}&tag=v1"),
    ("GET", f"{V2}/artifacts/{{id}}"): Rule("viewer", "artifact", uploads=True),
    ("PUT", f"{V2}/artifacts/{{id}}"): Rule("editor", "artifact", {"repo": "r", "type": "model"}, uploads=True),
    ("DELETE", f"{V2}/artifacts/{{id}}"): Rule("editor", "artifact"),
    ("POST", f"{V2}/artifacts/{{id}}/restore"): Rule("trash", "artifact"),
    ("GET", f"{V2}/artifacts/{{id}}/objects"): Rule("viewer", "artifact"),
    ("POST", f"{V2}/artifacts/{{id}}/objects"): Rule("editor", "artifact", {"objects": []}, uploads=True, is_open=True),
    ("GET", f"{V2}/artifacts/{{id}}/lineage"): Rule("viewer", "artifact", is_linked=False),
    ("GET", f"{V2}/artifacts/{{id}}/content"): Rule("viewer", "artifact", query="key=a", is_linked=False),
    ("GET", f"{V2}/artifacts/{{id}}/content/parts"): Rule("viewer", "artifact", query="key=a", is_linked=False),
    ("POST", f"{V2}/artifacts/{{id}}/contents"): Rule(
        "viewer", "artifact", {"names": ["a"]}, reads=True, is_linked=False
    ),
    ("POST", f"{V2}/artifacts/{{id}}/finalize"): Rule("editor", "artifact", {}, uploads=True, is_open=True),
    ("POST", f"{V2}/artifacts/{{id}}/aliases"): Rule("editor", "artifact", {"add": ["best"]}),
}
_MEDIA = f"{V2}/trials/{{id}}/media"
RULES |= {
    ("GET", _MEDIA): Rule("viewer", "trial"),
    ("POST", _MEDIA): Rule("editor", "trial", {"digests": []}, uploads=True),
    ("POST", f"{_MEDIA}/missing"): Rule("viewer", "trial", {"digests": []}, uploads=True, reads=True),
    ("GET", f"{_MEDIA}/keys"): Rule("viewer", "trial"),
    ("GET", f"{_MEDIA}/steps"): Rule("viewer", "trial", query="key=k"),
    ("GET", f"{_MEDIA}/content"): Rule("viewer", "trial", query="digest={digest}", is_linked=False),
    ("GET", f"{_MEDIA}/content/parts"): Rule("viewer", "trial", query="digest={digest}", is_linked=False),
    ("POST", f"{_MEDIA}/contents"): Rule("viewer", "trial", {"names": [_EMPTY]}, reads=True, is_linked=False),
    ("GET", f"{_MEDIA}/page"): Rule("viewer", "trial", query="digest={digest}", is_linked=False),
}
PAGES = {"/", "/healthz", "/readyz", "/t9k/experiment/web", "/t9k/experiment/web/"}
FILES = {
    "/t9k/experiment/web/{file}",
    "/t9k/experiment/web/assets/{file}",
    "/t9k/experiment/web/frames/{file}",
    "/t9k/experiment/web/frames/assets/{file}",
}  # public too, but there is none of that name
RULES |= {(method, path): Rule("public") for method in ("GET", "HEAD") for path in PAGES}
RULES |= {(method, path): Rule("none") for method in ("GET", "HEAD") for path in FILES}

DIRECT, INHERITED = "shared itself", "in what is shared"
# Which role each caller has on the objects, and for what their key is.
CALLERS: dict[str, tuple[Role, str]] = {
    "anonymous": (Role.NONE, ""),
    "owner": (Role.OWNER, "write"),
    "co-owner": (Role.OWNER, "write"),
    "editor": (Role.EDITOR, "write"),
    "member": (Role.EDITOR, "write"),
    "viewer": (Role.VIEWER, "write"),
    "link": (Role.VIEWER, "read"),
    "stranger": (Role.NONE, "write"),
    "ex-member": (Role.NONE, "write"),
    "admin": (Role.NONE, "write"),
    "read-only key": (Role.OWNER, "read"),
    "upload-only key": (Role.OWNER, "upload"),
    "disabled user": (Role.OWNER, ""),
    "revoked key": (Role.OWNER, ""),
    "expired key": (Role.OWNER, ""),
    "expired link": (Role.VIEWER, ""),
}


def expected(method: str, rule: Rule, caller: str, kind: str) -> str:
    """Return what must come of a call; written from the documents, not from the code."""
    role, scope = CALLERS[caller]
    if rule.needs in ("none", "public"):
        return ALLOWED if rule.needs == "public" else HIDDEN
    if not scope or rule.needs == "sign in":
        return ALLOWED if scope else NO_KEY
    if rule.needs == "admin":
        return ALLOWED if caller == "admin" else FORBIDDEN
    if scope == "upload" and not rule.uploads:
        return FORBIDDEN
    if scope == "read" and method not in ("GET", "HEAD") and not rule.reads:
        return FORBIDDEN
    if rule.needs in ("self", "tree", "own key", "own session"):
        own_tree = rule.needs == "tree" and caller == "link"  # a link has none
        return HIDDEN if own_tree or (rule.needs.startswith("own") and not _is_lin(caller)) else ALLOWED
    if rule.needs == "trash":
        return ALLOWED if _is_lin(caller) else HIDDEN
    if role < (Role.EDITOR if rule.is_open else Role.VIEWER) or (caller == "link" and not rule.is_linked):
        return HIDDEN
    if rule.needs == "take":
        return ALLOWED if role >= Role.EDITOR and (kind == INHERITED or _is_lin(caller)) else FORBIDDEN
    return ALLOWED if role >= Role[rule.needs.upper()] else FORBIDDEN


def _is_lin(caller: str) -> bool:
    return caller in ("owner", "read-only key", "upload-only key")


def outcome_of(answer: httpx.Response) -> str:
    status, said = answer.status_code, answer.text
    if status in (401, 302) or "api key" in said or "query is needed: apikey" in said:
        return NO_KEY
    if status == 403:
        return FORBIDDEN
    if status == 404 or (status == 500 and ("doc not found" in said or said.endswith("not exists"))):
        return HIDDEN
    return ALLOWED if status // 100 == 2 or status == 307 else f"{status} {said[:80]}"


class World:
    """A store with an owner, lin, things of lin's, and everybody who may or may not see them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.numbers = itertools.count()
        self.keys: dict[str, str] = {"anonymous": ""}
        for name in ("lin", "disabled"):
            identity.add_user(database, name)
        self.others = ["co-owner", "editor", "member", "viewer", "stranger", "ex-member", "admin"]
        for name in self.others:
            identity.add_user(database, name, admin=name == "admin")
            self.keys[name] = identity.create_key(database, name)
        for name, scope in (("owner", "write"), ("read-only key", "read"), ("upload-only key", "upload")):
            self.keys[name] = identity.create_key(database, "lin", KeyWish(scope=scope))  # type: ignore[arg-type]
        found = identity.account_of(database, self.keys["owner"])
        assert found is not None
        self.lin = Account(found.id, found.name, writing=True)
        for name in ("expired key", "revoked key"):
            self.keys[name] = identity.create_key(database, "lin")
        for action, name in (("add", ""), ("join", "member"), ("join", "ex-member"), ("join", "disabled")):
            identity.set_group(database, "team", action, name)
        identity.set_group(database, "team", "leave", "ex-member")
        self.keys["disabled user"] = identity.create_key(database, "disabled")
        self.top = self.folder("/top")
        self.share("folder", self.top)
        self.measured = new_id()
        trials.put(self.database, self.lin, self.measured, TrialWish(name="base", folder=FolderWish(path="/top")))
        for name in ("link", "expired link"):
            self.keys[name] = self.link("folder", self.top)
        self.cookies = {name: self.sign_in(key) for name, key in self.keys.items() if key}
        self.spoil()

    def spoil(self) -> None:
        """Make worthless, after they have signed in, what is to be worthless."""
        identity.set_user(self.database, "disabled", "disable")
        revoked, expired = (hash_of(self.keys[name]) for name in ("revoked key", "expired key"))
        (number,) = self.run("SELECT id FROM api_key WHERE hash = :hash", hash=revoked)
        identity.revoke_key(self.database, number)
        self.run("UPDATE api_key SET expires_us = 1 WHERE hash = :hash RETURNING id", hash=expired)
        link = hash_of(self.keys["expired link"])
        self.run("UPDATE share SET expires_us = 1 WHERE link_hash = :hash RETURNING id", hash=link)

    def run(self, query: str, **values: object) -> list[int]:
        from sqlalchemy import text

        return self.database.write(lambda connection: list(connection.execute(text(query), values).scalars()))

    def sign_in(self, key: str) -> str:
        opened = sessions.open_session(self.database, SignIn(key=key), Tokens())
        assert opened is not None
        return opened.secret

    def folder(self, path: str) -> str:
        made, _ = folder_tree.make(self.database, self.lin, NewFolder(path=path))
        return str(made["id"])

    def share(self, kind: str, uid: str) -> int:
        """Share something with everybody who has a role, and return a share's number."""
        number = 0
        wishes = [ShareWish(user=name, role=role) for name, role in (("viewer", "viewer"), ("editor", "editor"))]  # type: ignore[arg-type]
        for one in [*wishes, ShareWish(user="co-owner", role="owner"), ShareWish(group="team", role="editor")]:
            number = int(str(sharing.give(self.database, self.lin, kind, uid, one)["id"]))
        return number

    def link(self, kind: str, uid: str) -> str:
        return str(sharing.give(self.database, self.lin, kind, uid, ShareWish(link=True))["key"])

    def shortcut(self, rule: Rule, kind: str, caller: str, path: str) -> dict[str, str]:
        """Make a shortcut in a folder that is shared, or lies in one that is."""
        made, _ = shortcuts.make(self.database, self.lin, self.shared(kind, caller, path), ShortcutWish(self.top))
        return {"id": str(made["id"])}

    def view(self, rule: Rule, kind: str, caller: str, path: str) -> dict[str, str]:
        """Save a shared view in a folder that is shared, or lies in one that is."""
        folder = self.shared(kind, caller, path)
        key = ViewKey(folder, "night", is_shared=True)
        saved_views.put(self.database, self.lin, key, ViewWish({"sort": "name"}), None)
        return {"id": folder, "name": key.name}

    def address(self, rule: Rule, kind: str, caller: str, path: str) -> dict[str, str]:
        """Shorten an address in a folder that is shared, or lies in one that is."""
        folder = self.shared(kind, caller, path)
        made, _ = short_addresses.make(self.database, self.lin, folder, AddressWish(f"#/folders/{folder}/?sort=name"))
        return {"id": str(made["id"])}

    def shared(self, kind: str, caller: str, path: str) -> str:
        """Make a folder that is shared, or lies in one that is."""
        folder = self.folder(path)
        if kind == DIRECT:
            self.share("folder", folder)
            if caller == "link":
                self.keys["link"] = self.link("folder", folder)
                self.cookies["link"] = self.sign_in(self.keys["link"])
        return folder

    def thing(self, rule: Rule, kind: str, caller: str) -> dict[str, str]:
        """Return the names in a path for a new folder or trial of lin's."""
        number = str(next(self.numbers))
        names = {"n": number, "file": "metrics", "type": "train", "number": "0", "digest": _EMPTY}
        if rule.body == b"a: 1":
            names["file"] = "labels.yaml"
        if rule.needs == "own key":
            identity.create_key(self.database, "lin")
            names["number"] = str(identity.list_keys(self.database, "lin")[-1].id)
        if rule.needs == "own session":
            self.sign_in(self.keys["owner"])
            names["number"] = str(self.run("SELECT max(id) FROM session")[0])
        if not rule.object:
            return names
        place = "/top" if kind == INHERITED else "/"
        if rule.object in ("shortcut", "artifact", "view", "address"):
            makers = {"shortcut": self.shortcut, "artifact": self.artifact, "view": self.view, "address": self.address}
            make = makers[rule.object]
            return {**names, **make(rule, kind, caller, f"{place.rstrip('/')}/f{number}")}
        if rule.object == "folder":
            names["target"], names["trial"] = self.top, self.measured
            uid = self.folder(f"{place.rstrip('/')}/f{number}")
        else:
            uid = new_id()
            put = TrialWish(name=f"t{number}", folder=FolderWish(path=place))
            done = trials.put(self.database, self.lin, uid, put)
            names |= {"folder": done.trial.folder_uid, "name": done.trial.name}
            if not rule.is_linked:
                Receiving().small(Storage(self.database, DiskBlobs(self.database.data_dir)), self.lin, b"[0]\n")
                sent = FilesWish(files=[SentFile(names["file"], _EMPTY)])
                trial_files.put(self.database, self.lin, uid, sent)
                media.put(self.database, self.lin, uid, MediaWish([_EMPTY]))
                types, trial_id = {_EMPTY: "text/html"}, done.trial.id
                self.database.write(lambda connection: stored_media.note_types(connection, trial_id, types))
        shared = self.share(rule.object, uid) if kind == DIRECT or rule.needs == "owner" else 0
        names |= {"id": uid, "number": str(shared)}
        if kind == DIRECT and caller == "link":
            self.keys["link"] = self.link(rule.object, uid)
            self.cookies["link"] = self.sign_in(self.keys["link"])
        if rule.needs == "trash":
            delete = trash.delete_folder if rule.object == "folder" else trash.delete_trial
            delete(self.database, self.lin, uid)
        return names

    def artifact(self, rule: Rule, kind: str, caller: str, path: str) -> dict[str, str]:
        """Make an artifact with an object `a` in a repo of a folder, which is shared or in what is."""
        folder, uid = self.shared(kind, caller, path), new_id()
        storage = Storage(self.database, DiskBlobs(self.database.data_dir))
        body = {"metadata": {"id": uid}}
        artifacts.create(self.database, self.lin, folder, "repo", "model", body)
        artifact_bytes.put_object(storage, self.lin, uid, "a", Filling(storage))
        upload = artifact_bytes.begin(self.database, self.lin, uid, "b")
        etag = Parts().put(storage, self.lin, uid, upload, "b", 1, b"")
        if not rule.is_open:
            artifacts.finalize(self.database, self.lin, uid)
        if rule.needs == "trash":
            artifact_changes.delete(self.database, self.lin, uid)
        return {"id": uid, "folder": folder, "repo": "repo", "upload": upload, "etag": etag}


def routes_of(app: Guards) -> list[tuple[str, str]]:
    table = app.app.router.routes  # type: ignore[attr-defined]
    return [(method, route.path) for route in table for method in route.app.rules]


class Asked(NamedTuple):
    """Which part of the matrix is asked for: all of it, or the routes of a path, some kinds of object, some callers.

    By cookie: with the cookie of a session that each signed in to while their key was good.
    """

    path: str = ""
    kinds: tuple[str, ...] = (DIRECT, INHERITED)
    callers: tuple[str, ...] = tuple(CALLERS)
    by_cookie: bool = False


ALL = Asked()


async def mismatches(database: Database, app: Guards, asked: Asked) -> list[str]:
    """Call routes as callers and return what came out otherwise than expected."""
    world, found, by_cookie = World(database), [], asked.by_cookie
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for method, path in routes_of(app):
            if asked.path not in ("", path):
                continue
            rule = RULES[method, path]
            for kind in asked.kinds if rule.object else (INHERITED,):
                names: dict[str, str] = {}
                for caller in asked.callers:
                    shared_link = world.keys["link"], world.cookies["link"]
                    if not names or (kind == DIRECT and caller == "link"):
                        names = world.thing(rule, kind, caller)
                    names["key"] = world.keys.get(caller, "")
                    headers = _proof(rule, path, names["key"], world.cookies.get(caller, "") if by_cookie else None)
                    answer = await _call(client, method, path, rule, names, headers)
                    client.cookies.clear()
                    wanted, came = expected(method, rule, caller, kind), outcome_of(answer)
                    if by_cookie and path.startswith((V1, f"{SERVER_PATH}/oauth2")):
                        wanted = NO_KEY  # version 1 knows no cookies
                    lookup = "name=" in rule.query and kind == DIRECT and wanted is ALLOWED and not _is_lin(caller)
                    if came != (HIDDEN if lookup else wanted):
                        found.append(f"{method} {path} [{kind}] as {caller}: {came}, not {wanted}")
                    world.keys["link"], world.cookies["link"] = shared_link
                    if by_cookie and path == f"{V2}/session" and CALLERS[caller][1]:
                        world.cookies[caller] = world.sign_in(world.keys[caller])
                    if came is ALLOWED and method not in ("GET", "HEAD"):
                        names = {}
    return found


def _proof(rule: Rule, path: str, key: str, cookie: str | None) -> dict[str, str]:
    """Return the headers by which a caller proves who they are."""
    if cookie is not None or rule.needs == "sign in":
        known = {"Cookie": f"aimd_session={cookie}"} if cookie else {}
        return {**known, "Origin": "http://localhost"}
    return {"Authorization": f"Bearer {key}"} if key else {}


async def _call(
    client: httpx.AsyncClient, method: str, path: str, rule: Rule, names: dict[str, str], headers: dict[str, str]
) -> httpx.Response:
    query = _filled(rule.query, names)
    if "Authorization" in headers and "/apis/v2" not in path:
        query = f"apikey={names['key']}&{query}"
    how: dict[str, Any] = {}
    if isinstance(rule.body, bytes):
        how = {"content": rule.body}
        headers |= {"Upload-Offset": "0", "Upload-Length": "0"}
        if rule.body is _FORM:
            headers["Content-Type"] = "multipart/form-data; boundary=b"
    elif rule.body is not None:
        how = {"json": _filled(rule.body, names)}
    return await client.request(method, f"{_filled(path, names)}?{query}", headers=headers, **how)


def _filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    if not isinstance(value, str):
        return value
    for name, text in names.items():
        value = value.replace(f"{{{name}}}", text)
    return value


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with quick_folder(tmp_path) as place, Database(place) as made:
        made.start_writer()
        yield made


def _matrix(database: Database, asked: Asked = ALL) -> list[str]:
    with ThreadPoolExecutor(2) as threads:
        app = create_app(database, threads)
        app.backend.is_stopping = True  # so that a stream of events ends
        return asyncio.run(mismatches(database, app, asked))


def test_every_caller_may_do_on_every_route_with_every_object_what_the_documents_say(database: Database) -> None:
    assert _matrix(database) == []


@pytest.mark.parametrize("kind", [INHERITED, pytest.param(DIRECT, marks=pytest.mark.soak)])
def test_the_cookie_of_a_session_allows_what_its_key_allows_now(database: Database, kind: str) -> None:
    assert _matrix(database, Asked(kinds=(kind,), by_cookie=True)) == []


def test_a_route_that_is_not_described_here_is_found(database: Database) -> None:
    async def anything(call: Call) -> Response:
        return Response()

    table = RouteTable("/more", Pages())
    table.add("GET", "/x", anything, access=Access.PUBLIC_PAGE)
    with ThreadPoolExecutor(1) as threads:
        known, more = create_app(database, threads), create_app(database, threads, more=[table])
    assert isinstance(known, Guards)
    assert isinstance(more, Guards)
    assert set(routes_of(known)) == set(RULES)
    assert set(routes_of(more)) - set(RULES) == {("GET", "/more/x")}


def test_the_matrix_finds_a_viewer_who_may_edit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    true = visibility.role_of

    def planted(*arguments: Any) -> Role:
        found = true(*arguments)
        return Role.EDITOR if found is Role.VIEWER else found

    monkeypatch.setattr(visibility, "role_of", planted)
    found = _matrix(database, Asked(f"{V2}/trials/{{id}}"))
    assert found
    assert all("as viewer" in one for one in found), found


def test_the_matrix_finds_a_key_that_is_revoked_in_vain(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def planted(*_: object) -> bool:
        return True

    monkeypatch.setattr(accounts, "revoke_key", planted)
    assert any("as revoked key" in one for one in _matrix(database, Asked(f"{V2}/trials/{{id}}")))


def test_the_matrix_finds_a_missing_check_on_every_route_with_an_object(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody is taken for an owner of everything: each route that asks for a role has to turn red."""
    everything = ["owner"]
    monkeypatch.setattr(shares, "roles", lambda *_: everything)
    by_trial = dict.fromkeys(range(10000), everything)
    monkeypatch.setattr(shares, "roles_by_place", lambda *_: by_trial)
    red = {tuple(row.split(" ")[:2]) for row in _matrix(database, Asked(callers=("stranger",)))}
    asking = {route for route, rule in RULES.items() if rule.object and rule.needs != "trash"}
    assert asking - red == set()


def _without_owner(true: Callable[..., Any], place: int) -> Callable[..., Any]:
    """Return a function that is not told whose things it may touch."""

    def planted(*facts: Any) -> Any:
        return true(*(None if number == place else fact for number, fact in enumerate(facts)))

    return planted


_OWN = {
    "trash": (trash, "is_owner", lambda *_: True),
    "own key": (accounts, "revoke_key", _without_owner(accounts.revoke_key, 2)),
    "own session": (sessions_store, "remove", _without_owner(sessions_store.remove, 2)),
}


@pytest.mark.parametrize("route", [route for route, rule in RULES.items() if rule.needs in _OWN], ids=" ".join)
def test_the_matrix_finds_a_missing_check_on_every_route_for_ones_own(
    database: Database, monkeypatch: pytest.MonkeyPatch, route: tuple[str, str]
) -> None:
    """What somebody has in the trash, a key and a session of theirs: each is anybody's, which has to turn it red."""
    needs = RULES[route].needs
    monkeypatch.setattr(*_OWN[needs])
    if needs == "trash":
        monkeypatch.setattr(artifact_changes, "is_owner", lambda *_: True)
        # What comes out of the trash is loaded like anything else, which would hide the hole.
        monkeypatch.setattr(visibility, "role_of", lambda *_: Role.OWNER)
    red = [row for row in _matrix(database, Asked(route[1])) if row.startswith(f"{' '.join(route)} ")]
    assert any("as stranger" in row for row in red), red
