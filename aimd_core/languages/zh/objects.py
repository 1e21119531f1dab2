"""What the core says about kept files and the store of their bytes."""

from __future__ import annotations

OBJECTS: dict[str, str] = {
    # aimd_core/objects/
    "{where} has no object {digest}": "{where} 中没有对象 {digest}",
    "does not match the digest in its name": "内容与其名称所示不符",
    "does not match its digest": "内容与其摘要不符",
    "is a link, which is not followed": "是链接，不会读取其指向的内容",
    "is not a regular file": "不是普通文件",
    "was changed while it was read": "在读取过程中被更改",
    "its name cannot be used: {reason}": "名称不可用：{reason}",
    "it is an absolute path": "是绝对路径",
    "it is more than {limit} directories deep": "目录层数超过 {limit}",
    "a trial has {limit:,} files at most": "每个试验最多 {limit:,} 个文件",
    # aimd_core/client/contents.py, aimd_core/upload/
    "sizes of what was asked for, and as many bytes": "所请求内容的大小以及相同数量的字节",
    "as long as what was sent": "与所发送的内容数量一致的列表",
    "is gone": "已不存在",
    "its digests of what was sent differ": "服务器对所发送内容算出的摘要不同",
    "was changed while it was uploaded": "在上传过程中被更改",
    "the offset of {file} keeps changing": "{file} 的偏移量不断变化",
    "it lists a file that no trial has: {path}": "它列出了试验不可能有的文件：{path}",
    "{path} and {other} are one name on this file system": "{path} 与 {other} 在此文件系统上是同一个名称",
    "not sent: {parts}{more}": "未发送：{parts}{more}",
    "cannot be sent ({reason})": "无法发送（{reason}）",
    "gone here and kept on the server: {count} file{s}": "本地已不存在、服务器上仍保留：{count} 个文件",
    "left out by .aimdignore: {count} file{s}": "被 .aimdignore 排除：{count} 个文件",
    "not uploaded: {count} record{s} of media, which version 1 does not take": (
        "未上传：{count} 条媒体记录（第 1 版协议不接收媒体）"
    ),
    "records as they are in a trial": "与试验中相同的记录",
    "the server does not take files": "服务器不接收文件",
    "the server does not take media": "服务器不接收媒体",
    "{count} object{s} of the media of {trial} not on the server": "{trial} 的媒体有 {count} 个对象不在服务器上",
    "not uploaded: {count} file{s} in files/, which version 1 does not take": "未上传：files/ 中的 {count} 个文件（第 1 版协议不接收文件）",
}
