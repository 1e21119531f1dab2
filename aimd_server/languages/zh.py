"""The Chinese of what the server says to whoever starts and looks after it; what it answers over HTTP is English.

By the English text, or by its template with the same places.
"""

from __future__ import annotations

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
}
