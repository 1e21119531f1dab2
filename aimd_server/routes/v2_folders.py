"""Version 2: folders."""

from __future__ import annotations

from starlette.responses import Response

from aimd_server.routes.access import Access, Call, RouteTable
from aimd_server.routes.answers import empty_answer, json_answer
from aimd_server.routes.v2_bodies import number_in, read_document
from aimd_server.services import folder_tree, shortcuts, trash
from aimd_server.services.folder_tree import PAGE, FolderChange, FolderListRequest, NewFolder
from aimd_server.services.request_errors import invalid
from aimd_server.services.shortcuts import ShortcutWish


def register(table: RouteTable) -> None:
    """Register the routes; `by-path` before `{id}`."""
    table.add("GET", "/folders", list_folders, access=Access.ANY_USER)
    table.add("POST", "/folders", make_folder, access=Access.ANY_USER)
    table.add("GET", "/folders/by-path", find_folder, access=Access.ANY_USER)
    table.add("GET", "/folders/{id}", get_folder, access=Access.ANY_USER)
    table.add("PATCH", "/folders/{id}", change_folder, access=Access.ANY_USER)
    table.add("DELETE", "/folders/{id}", delete_folder, access=Access.ANY_USER)
    table.add("POST", "/folders/{id}/restore", restore_folder, access=Access.ANY_USER)
    table.add("POST", "/folders/{id}/shortcuts", make_shortcut, access=Access.ANY_USER)
    table.add("DELETE", "/shortcuts/{id}", delete_shortcut, access=Access.ANY_USER)


async def list_folders(call: Call) -> Response:
    """Answer with a page of the folders below one."""
    query = call.request.query_params
    depth = number_in(call, "depth", 0) if "depth" in query else None
    if depth is not None and depth < 1:
        raise invalid("depth is 1 or more", field="depth")
    limit = number_in(call, "limit", PAGE)
    request = FolderListRequest(query.get("path"), query.get("under"), depth, limit, query.get("cursor"))
    return json_answer(await call.run(folder_tree.listed, request))


async def make_folder(call: Call) -> Response:
    """Create a folder."""
    folder, is_new = await call.run(folder_tree.make, await read_document(call, NewFolder))
    return json_answer(folder, 201 if is_new else 200)


async def find_folder(call: Call) -> Response:
    """Answer with the folder at a path."""
    path = call.request.query_params.get("path")
    if path is None:
        raise invalid("path is needed", field="path")
    return json_answer(await call.run(folder_tree.one, None, path))


async def get_folder(call: Call) -> Response:
    """Answer with one folder."""
    return json_answer(await call.run(folder_tree.one, call.part("id"), None))


async def change_folder(call: Call) -> Response:
    """Rename or move a folder."""
    return json_answer(await call.run(folder_tree.change, call.part("id"), await read_document(call, FolderChange)))


async def delete_folder(call: Call) -> Response:
    """Move a folder to the trash, with everything in it."""
    await call.run(trash.delete_folder, call.part("id"))
    return empty_answer(204)


async def restore_folder(call: Call) -> Response:
    """Restore a folder from the trash."""
    wish = await read_document(call, trash.Restoring, may_be_empty=True)
    return json_answer(await call.run(trash.restore_folder, call.part("id"), wish))


async def make_shortcut(call: Call) -> Response:
    """Create a shortcut to a folder in another."""
    shortcut, is_new = await call.run(shortcuts.make, call.part("id"), await read_document(call, ShortcutWish))
    return json_answer(shortcut, 201 if is_new else 200)


async def delete_shortcut(call: Call) -> Response:
    """Delete a shortcut."""
    await call.run(shortcuts.remove, call.part("id"))
    return empty_answer(204)
