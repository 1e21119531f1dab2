"""What the core says about kept files and the store of their bytes."""

from __future__ import annotations

OBJECTS: dict[str, str] = {
    # aimd_core/objects/
    "{where} has no object {digest}": "{where} 中没有对象 {digest}",
    "has other bytes than its name says": "内容与其名称所示不符",
    "has other bytes than its digest says": "内容与其摘要不符",
    "is a link, which is not followed": "是链接，不予跟随",
    "is no regular file": "不是普通文件",
    "was changed while it was read": "在读取过程中被更改",
    "its name cannot be used: {reason}": "名称不可用：{reason}",
    "it is an absolute path": "是绝对路径",
    "it lies more than {limit} directories deep": "目录层数超过 {limit}",
    "a trial has {limit:,} files at most": "每个试验最多 {limit:,} 个文件",
}
