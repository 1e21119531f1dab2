"""The Chinese of the server's messages for the person who runs it, and of what it refuses (`zh_refusals.py`).

Keyed by the English text, or by its template with the same placeholders.
"""

from __future__ import annotations

from aimd_server.languages.zh_refusals import REFUSALS

MESSAGES: dict[str, str] = {
    # aimd_server/errors.py
    "port {port} on {host} is in use": "{host} 的端口 {port} 已被占用",
    "Stop what listens there, or choose another port: --port 0 takes a free one": (
        "请停止占用该端口的程序，或另选端口：--port 0 会使用一个空闲端口"
    ),
    "{path} was written by a newer version of aimd (schema {revision})": "{path} 由更新版本的 aimd 写入（schema {revision}）",
    "Install that version, or name another data directory: --data-dir DIR": "请安装该版本，或指定其他数据目录：--data-dir DIR",
    "Check the address of --blobs, the bucket, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY": (
        "请检查 --blobs 的地址、存储桶，以及 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY"
    ),
    "cannot use the database {place}: {reason}": "无法使用数据库 {place}：{reason}",
    "Check its address, that it runs, the user, and the password (PGPASSWORD, ~/.pgpass)": (
        "请检查其地址、是否正在运行、用户和密码（PGPASSWORD、~/.pgpass）"
    ),
    # aimd_server/launch.py
    "Data: {directory}": "数据：{directory}",
    "Database: {database}": "数据库：{database}",
    "Large objects are on this machine only: give all replicas the same --blobs s3://BUCKET/PREFIX.": (
        "大对象仅存于本机：请为所有副本指定同一个 --blobs s3://BUCKET/PREFIX。"
    ),
    "Reachable from this machine only; --host 0.0.0.0 opens it to the network.": (
        "仅本机可访问；使用 --host 0.0.0.0 可开放到网络。"
    ),
    "Warning: reachable from the network at {host} without TLS: put a TLS proxy in front of it.": (
        "警告：可从网络经 {host} 访问且未启用 TLS：请在前面部署 TLS 代理。"
    ),
    "See all: {check}; then restore a backup: {restore}": "查看全部错误：{check}；然后恢复备份：{restore}",
    # aimd_server/backups.py
    "See all: {command}": "查看全部错误：{command}",
    "is no sound backup ({reason})": "不是完好的备份（{reason}）",
    "is no usable database ({reason})": "不是可用的数据库（{reason}）",
    "the copy differs from the backup": "副本与备份不一致",
    "{where}: {what}; {count} faults in all": "{where}：{what}；共 {count} 处错误",
    # aimd_server/holding.py and errors.py
    "a server is using {directory}: {holder}": "有服务器正在使用 {directory}：{holder}",
    "process {pid} on {host}": "{host} 上的进程 {pid}",
    "another process": "另一个进程",
    "Stop it first, or name another data directory: --data-dir DIR": "请先停止它，或指定其他数据目录：--data-dir DIR",
    # aimd_server/stores/location.py
    "is missing, while its log {log} is there": "不存在，但其日志 {log} 仍在",
    "There is no user yet. Run: {add}, then: {create}": "尚无用户。请先运行：{add}，再运行：{create}",
    "cannot listen on {host} port {port}: {reason}": "无法监听 {host} 的端口 {port}：{reason}",
    "a port is between 0 and {highest}": "端口须在 0 到 {highest} 之间",
    "Name an address of this machine, such as 127.0.0.1": "请指定本机的地址，例如 127.0.0.1",
    "an IPv4 address has four numbers": "IPv4 地址由四个数字组成",
    "this machine does not have that address": "本机没有该地址",
    "that is not a name": "这不是一个名称",
    "To choose the port: --port {port}": "如要指定端口：--port {port}",
    "Give the address alone, without brackets, a port or a path: --host 127.0.0.1 --port 2463": "请只写地址，"
    "不带括号、端口或路径：--host 127.0.0.1 --port 2463",
    "Choose another --host or --port": "请另选 --host 或 --port",
    # aimd_server/accounts.py, moving.py, operations.py
    "there is no server data in {directory}": "{directory} 中没有服务器数据",
    "Name it: --data-dir DIR": "请指定数据目录：--data-dir DIR",
    "source and target are the same database": "源和目标是同一个数据库",
    "Name another --to": "请指定另一个 --to",
    "{database} has data already": "{database} 中已有数据",
    "Name a new database; nothing is merged": "请指定一个新的数据库；不会合并数据",
    "a server is using {database}": "有服务器正在使用 {database}",
    "Stop it first, with all replicas, then migrate": "请先停止服务器及其所有副本，再迁移",
    "Stop it first, then restore": "请先停止服务器，再恢复",
    "nothing was copied: {error}": "未复制任何数据：{error}",
    "the object did not arrive as it was sent": "对象到达时的内容与发送时不同",
    "{database} is a PostgreSQL database, which has its own tools for this": "{database} 是 PostgreSQL 数据库，请使用其自带的工具",
    "Use {tool}, and keep a copy of the object store": "请使用 {tool}，并保留对象存储的副本",
    "{file} exists already": "{file} 已存在",
    "Name another file; a backup overwrites nothing": "请指定另一个文件；备份不会覆盖任何文件",
    "there is no file {file}": "没有文件 {file}",
    "Name a file that aimd server backup wrote": "请指定由 aimd server backup 写出的文件",
    # aimd_server/services/identity.py
    "there is already a user {name!r}": "已有用户 {name!r}",
    "Run: aimd server key create --user {name}": "请运行：aimd server key create --user {name}",
    "{name!r} cannot be the name of a user or group": "{name!r} 不能用作用户名或组名",
    "Choose 1 to 64 letters, digits and . _ @ + -, starting with a letter or digit": (
        "请使用 1 到 64 个字母、数字或 . _ @ + -，且以字母或数字开头"
    ),
    "there is already a group {name!r}": "已有组 {name!r}",
    "there is no group {name!r}": "没有组 {name!r}",
    "Run: aimd server group add {name}": "请运行：aimd server group add {name}",
    # aimd_server/settings.py
    "is not a mapping of settings": "不是设置项的映射",
    "has no setting {name!r}; there are {names}": "没有设置项 {name!r}；可用的有 {names}",
    "{name} (from {origin}) is not {form}": "{name}（来自 {origin}）应为{form}",
    "Run: aimd server start --help": "请运行：aimd server start --help",
    "names separated by commas": "以逗号分隔的名称",
    "a number from {lowest} to {highest}": "{lowest} 到 {highest} 之间的数",
    "a path such as /tools/aimd": "路径，例如 /tools/aimd",
    "an address such as https://s3.example.org": "地址，例如 https://s3.example.org",
    # aimd_server/stores/location.py, migration.py
    "the database address does not look like postgresql://USER@HOST/NAME": (
        "数据库地址的形式应为 postgresql://USER@HOST/NAME"
    ),
    "For example: postgresql://aimd@db.example.org/aimd": "例如：postgresql://aimd@db.example.org/aimd",
    "the database address holds a password, which the list of processes would show to everybody": (
        "数据库地址中含有密码，任何人都能在进程列表中看到"
    ),
    "Set PGPASSWORD, use ~/.pgpass, or put the whole address into AIMD_SERVER_DATABASE or DIR/server.yaml": (
        "请设置 PGPASSWORD、使用 ~/.pgpass，或将完整地址写入 AIMD_SERVER_DATABASE 或 DIR/server.yaml"
    ),
    "Fix the file, or name another one: --config FILE": "请修正该文件，或指定另一个：--config FILE",
    "Nothing was changed. Restore a backup: aimd server restore FILE --data-dir DIR": (
        "未做任何更改。请恢复备份：aimd server restore FILE --data-dir DIR"
    ),
    "is not a usable database ({reason})": "不是可用的数据库（{reason}）",
    "rows of {tables} refer to rows that do not exist": "{tables} 中有行引用了不存在的行",
    "is not what its version says: schema {revision}, but {what}": "与其版本不符：标明的结构版本为 {revision}，但{what}",
    "it has {name} already": "其中已有 {name}",
    "it has no {name}": "其中没有 {name}",
    # aimd_server/blobs/opening.py
    "the object store address does not look like s3://BUCKET/PREFIX": "对象存储地址的形式应为 s3://BUCKET/PREFIX",
    "the object store address holds a key": "对象存储地址中含有密钥",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment instead": (
        "请改为在环境变量中设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY"
    ),
    "blobs_public_endpoint is set, and blobs is not": "设置了 blobs_public_endpoint，但没有设置 blobs",
    "the object store address has options other than {names}, or one twice": (
        "对象存储地址中含有 {names} 以外的选项，或有重复的选项"
    ),
    "the object store address has an endpoint that is not an http:// or https:// address": (
        "对象存储地址中的 endpoint 不是 http:// 或 https:// 地址"
    ),
    "For example: s3://bucket/aimd?endpoint=https://s3.example.org": (
        "例如：s3://bucket/aimd?endpoint=https://s3.example.org"
    ),
    "{name} has no folder {path}": "{name} 没有文件夹 {path}",
    "there is no quota on {path} of {name}": "{name} 的 {path} 没有配额",
    # aimd_server/routes/v2_files.py, aimd_server/services/line_counts.py
    "{field} is a number from {least} on": "{field} 应为不小于 {least} 的数字",
    "either `offset` or `line` is asked for": "`offset` 与 `line` 须且只能指定其一",
    **REFUSALS,
}
