"""What commands and the SDK say on the way: notes, questions, progress, advice."""

from __future__ import annotations

MESSAGES: dict[str, str] = {
    # aimd_cli/importing/in_place.py
    "Name a directory or a file of one of them": "请指定其中一种的目录或文件",
    "Reading {path} ({title}) …": "正在读取 {path}（{title}）……",
    "and {count} more that cannot be read": "另有 {count} 个无法读取",
    # aimd trial views
    "Not replaced: {names}. To replace them: --replace": "未替换：{names}。如需替换：--replace",
    "There are no views in {where}": "{where} 中没有视图",
    "views": "视图",
    "{folder} is no folder on a server": "{folder} 不是服务器上的文件夹",
    "Such as remote:/vision, or team:/vision after aimd login --as team": (
        "例如 remote:/vision；执行 aimd login --as team 后可用 team:/vision"
    ),
    # Completion
    "Wrote {path}": "已写入 {path}",
    "Completion for {name} works in every shell you start from now on.": "之后启动的 {name} 都会有自动补全。",
    # aimd config, login, logout
    "Edit it again? Otherwise nothing is changed": "重新编辑吗？否则不做任何修改",
    "No change to {path}": "{path} 没有变化",
    "Saved {path}": "已保存 {path}",
    "None yet. Run: aimd login -H https://HOST/t9k/experiment/server": (
        "尚无。请运行：aimd login -H https://HOST/t9k/experiment/server"
    ),
    "Now using {address} ({path})": "当前使用 {address}（{path}）",
    "No key is saved for it. Run: aimd login -H {address}": "没有保存它的 API Key。请运行：aimd login -H {address}",
    "note: AIMD_HOST is set and wins over the file": "注意：已设置 AIMD_HOST，它优先于文件",
    "Set {key} in {path}": "已在 {path} 中设置 {key}",
    "Next: aimd login -H {aimd_host}": "下一步：aimd login -H {aimd_host}",
    "Removed {key} from {wanted}": "已从 {wanted} 中移除 {key}",
    "note: {variable} is set and wins over the file": "注意：已设置 {variable}，它优先于文件",
    "Signed in to {address} as {user}.": "已以 {user} 的身份登录到 {address}。",
    "The server speaks protocol version {protocol}.": "服务器使用第 {protocol} 版协议。",
    "Saved for this user only in {path}": "已保存到仅供当前用户访问的 {path}",
    "Using the key from AIMD_API_KEY.": "使用来自 AIMD_API_KEY 的 API Key。",
    "API key for {address}": "{address} 的 API Key",
    "note: AIMD_API_KEY is still set in the environment": "注意：环境变量 AIMD_API_KEY 仍然存在",
    "warning: {address} is not https, so the key crosses the network unencrypted": (
        "警告：{address} 不是 https，API Key 将以未加密的方式经过网络"
    ),
    "note: AIMD_HOST is set and wins over the file: commands go to {host}": (
        "注意：已设置 AIMD_HOST，它优先于文件：命令将发往 {host}"
    ),
    "note: AIMD_API_KEY is set and wins over the file": "注意：已设置 AIMD_API_KEY，它优先于文件",
    "Nothing to remove from {config_path}": "{config_path} 中没有可移除的内容",
    "{address} and its key": "{address} 及其 API Key",
    "the key for {address}": "{address} 的 API Key",
    "Removed {what} from {path}": "已从 {path} 中移除 {what}",
    "note: a key in the command line can be seen by others (ps, shell history); -k - or @FILE hides it": (
        "注意：命令行中的 API Key 可能被他人看到（ps、shell 历史）；用 -k - 或 @FILE 可以避免"
    ),
    "Read one: aimd help TOPIC. A command's own help: aimd COMMAND -h": (
        "阅读主题：aimd help TOPIC。查看命令的帮助：aimd COMMAND -h"
    ),
    # aimd artifact
    "WARNING: {location}: {sentence}": "警告：{location}：{sentence}",
    "WARNING: {name}: {note}": "警告：{name}：{note}",
    "{outcomes}; {size} transferred": "{outcomes}；共传输 {size}",
    "Move {artifacts} to the server's trash?": "将 {artifacts} 移入服务器的回收站？",
    "Delete {artifacts} for good?{warning}": "永久删除 {artifacts}？{warning}",
    " {count} of them were never uploaded.": "其中 {count} 个从未上传。",
    "note: {name} has no alias {alias}": "注意：{name} 没有别名 {alias}",
    "note: {name} is on a server; --remote changes its aliases there": (
        "提示：{name} 已在服务器上；加 --remote 可更改服务器上的别名"
    ),
    # aimd folder
    "Moved {path} to {new_path}.": "已将 {path} 移动到 {new_path}。",
    "{place} of {name} may hold {size}.": "{name} 的 {place} 最多可保存 {size}。",
    "{name} may hold {size}.": "{name} 最多可保存 {size}。",
    "Removed the quota.": "已取消配额。",
    ", {below} folder{s} in it": "、其中的 {below} 个文件夹",
    "Move {path}{within} and {trials} trial{s} to the trash of {host}? `aimd folder restore` undoes it.": (
        "将 {path}{within}及 {trials} 个试验移至 {host} 的回收站吗？可用 `aimd folder restore` 恢复。"
    ),
    "Moved {path} to the trash of {host}. Bring it back: aimd folder restore {id}": (
        "已将 {path} 移至 {host} 的回收站。恢复：aimd folder restore {id}"
    ),
    "--trash takes neither PATH nor --shared": "--trash 不能与 PATH 或 --shared 同时使用",
    "It lists all folders in the trash": "它列出回收站中的所有文件夹",
    "To create it: -m": "如需创建：-m",
    "Restored {path}.": "已恢复 {path}。",
    "It is shown just once. Anyone can open {address}": "它只显示这一次。任何人都可以打开 {address}",
    "Shared {path} with {whom} as {role}.": "已将 {path} 共享给 {whom}，角色为 {role}。",
    "{path} is no longer shared with {whom}.": "{path} 不再共享给 {whom}。",
    "share {number}": "共享 {number}",
    # Following and relaying
    "the server is back": "服务器已恢复连接",
    "{error}; trying again until it works": "{error}；将持续重试，直到成功",
    "{name}: {outcome}, {sent_bytes} sent": "{name}：{outcome}，已发送 {sent_bytes}",
    "Relaying {directory} to {host}. Press Ctrl-C to stop.": "正在将 {directory} 转发到 {host}。按 Ctrl-C 停止。",
    ", {duration} left": "，剩余 {duration}",
    "{verb}: {done} of {count} {what}, {sent_bytes} so far, {rate}/s{left}": (
        "{verb}：{done}/{count} 个{what}，已传输 {sent_bytes}，{rate}/s{left}"
    ),
    "In the trash: {names}": "回收站中有：{names}",
    "No artifact is in your trash": "您的回收站中没有制品",
    "Uploading": "正在上传",
    "Downloading": "正在下载",
    # aimd console
    "Stopped. The trials are unchanged.": "已停止。试验保持原样。",
    "Showing {count:,} trial{s} in {place}. Press Ctrl-C to stop.": "正在展示 {place} 中的 {count:,} 个试验。按 Ctrl-C 停止。",
    "No trials in {place} yet; they appear here once a script there records one:": (
        "{place} 中尚无试验；脚本在那里记录试验后会出现在这里："
    ),
    "From your own machine: ssh -L {number}:127.0.0.1:{number} {host}": (
        "在您自己的电脑上运行：ssh -L {number}:127.0.0.1:{number} {host}"
    ),
    "the process that keeps the console up to date ended ({returncode}); restarting it": (
        "负责更新控制台的进程已结束（{returncode}）；正在重新启动"
    ),
    "{count:,} of {total:,} trials are shown": "已展示 {count:,}/{total:,} 个试验",
    "All {total:,} trials are shown": "已展示全部 {total:,} 个试验",
    "{name} is not shown: {reason}": "未展示 {name}：{reason}",
    "cannot show anything new right now ({reason}); trying again. Is there space in {cache}?": (
        "暂时无法展示新内容（{reason}）；正在重试。{cache} 还有空间吗？"
    ),
    "cannot show anything new: {reason}": "无法展示新内容：{reason}",
    "showing new data again": "已恢复展示新内容",
    "another `aimd console` shows this directory and keeps both up to date": (
        "另一个 `aimd console` 正在展示此目录，并同时更新两者"
    ),
    # aimd server
    "Next: aimd login -H URL -k KEY": "下一步：aimd login -H URL -k KEY",
    "Added user {name}.": "已添加用户 {name}。",
    "Next: {command}": "下一步：{command}",
    "Back as in the backup: {what}": "已按备份恢复：{what}",
    "Taken away since the backup, and still: {what}": "备份之后已收回，现仍收回：{what}",
    "To bring access back, too, restore again with --restore-access": "如需一并恢复访问权限，请加 --restore-access 再次恢复",
    "Warning: keys revoked since the backup are valid again: there was no previous data to compare with.": (
        "警告：没有先前的数据可供比较，备份之后吊销的 API Key 又重新有效。"
    ),
    "admin rights of {who}": "{who} 的管理员权限",
    "public link to {what}": "{what} 的公开链接",
    "{what} shared with {who}": "共享给 {who} 的 {what}",
    "{who} in group {what}": "{who} 在组 {what} 中的成员身份",
    "{done} user {name}.": "{done}用户 {name}。",
    "Disabled": "已禁用",
    "Enabled": "已启用",
    "Promoted": "已提升",
    "Demoted": "已降级",
    "Deleted": "已删除",
    "Revoked key {number}.": "已撤销编号为 {number} 的 API Key。",
    "Added group {group}.": "已添加用户组 {group}。",
    "{name} is now in group {group}.": "{name} 已加入用户组 {group}。",
    "{name} is no longer in group {group}.": "{name} 已移出用户组 {group}。",
    "Deleted group {group}.": "已删除用户组 {group}。",
    "Permanently delete user {name} with all their trials?": "永久删除用户 {name} 及其所有试验吗？",
    "Intact: {journals} trial files, {size_bytes} bytes compared.": "完好：核对了 {journals} 个试验文件，共 {size_bytes} 字节。",
    "Wrote {file}: {size_bytes} bytes, and read it back.": "已写入 {file}：{size_bytes} 字节，并已读回核对。",
    "Restored {place} from {file}.": "已从 {file} 恢复 {place}。",
    "The previous data are kept in {kept}": "原有数据保留在：{kept}",
    "Moved {source} to {target}, and {objects} objects of {bytes} bytes.": (
        "已将 {source} 迁移到 {target}，并复制了 {objects} 个对象，共 {bytes} 字节。"
    ),
    "Next: put `{line}` into {file}, then: {command}": "下一步：将 `{line}` 写入 {file}，然后：{command}",
    # aimd trial
    "{alternative_name} has no {metric}": "{alternative_name} 没有 {metric}",
    "left out: {sentence}": "略去：{sentence}",
    "{rows:,} row{s}": "{rows:,} 行",
    "{count:,} value{s} of {name}": "{name} 的 {count:,} 个值",
    "left out: {kinds}": "略去：{kinds}",
    "{count:,} media record{s}": "{count:,} 个图片、文本、表格等",
    "{count:,} file{s}": "{count:,} 个文件",
    "{count:,} files of media are missing, not the recorded ones, or elsewhere, such as {name}": (
        "有 {count:,} 个媒体文件缺失、与记录不符或位于别处，例如 {name}"
    ),
    "there is a directory of the same name": "有同名目录",
    "the run has more than {limit:,} files; the rest is left out": "运行的文件超过 {limit:,} 个，其余略去",
    "cut record": "不完整的末尾记录",
    "stepless value": "没有步数的值",
    "empty value": "空值",
    "fractional step": "非整数步数",
    "imports": "导入",
    "exports": "导出",
    "{count:,} values in {directory}": "{directory} 中有 {count:,} 个值",
    "Saved the note of {path}.": "已保存 {path} 的报告。",
    "{path} has no note": "{path} 没有报告",
    "Wrote {path}.": "已写入 {path}。",
    "{alternative_name} has no note": "{alternative_name} 没有备注",
    "{alternative_name} is {name}": "{alternative_name} 处于 {name} 状态",
    "Its trials are {name}:NAME and {name}:/FOLDER/NAME in every command.": (
        "在所有命令中，可用 {name}:NAME 和 {name}:/FOLDER/NAME 指称其中的试验。"
    ),
    "{lines} line{s} ({hexdigest})": "{lines} 行（{hexdigest}）",
    "{count} trial{s}": "{count} 个试验",
    "{count} {outcome}": "{outcome} {count} 个",
    "Move {trials} to the trash? `aimd trial restore` undoes it.": (
        "将 {trials}移至回收站吗？可用 `aimd trial restore` 恢复。"
    ),
    "Permanently delete {chosen}? Nothing undoes it.": "永久删除 {chosen}吗？此后无法恢复。",
    "Saved @{name} in {path}": "已将 @{name} 保存到 {path}",
    "Removed the view @{name}": "已删除视图 @{name}",
    "The baseline is cleared.": "已清除基准。",
    "There is no baseline. To choose one: aimd trial baseline TRIAL": "尚未设置基准。设置方法：aimd trial baseline TRIAL",
    "Nothing to delete.": "没有可删除的内容。",
    "Nothing was done.": "未做任何操作。",
    "would {verb}: {name}": "将{verb}：{name}",
    "be removed": "移除",
    "be deleted": "删除",
    "Server: {host} (key from {api_key})": "服务器：{host}（API Key 来自 {api_key}）",
    "{size} in all, each file once": "共 {size}，每个文件只计一次",
    "{count} object{s}, {size}": "{count} 个对象，{size}",
    "Nothing refers to {what}. To remove it: aimd gc": "{what}已不再被引用。移除请运行：aimd gc",
    "Would remove {what}": "将移除 {what}",
    "Removed {what}": "已移除 {what}",
    "Kept because they are new: {count}": "因较新而保留：{count}",
    "{count} file{s}, {size}": "{count} 个文件，{size}",
    "WARNING: files/{path} cannot be uploaded: {reason}": "警告：files/{path} 无法上传：{reason}",
    "{outcomes}; {size} sent": "{outcomes}；已发送 {size}",
    "{outcomes}; {size} sent. See: {address}": "{outcomes}；已发送 {size}。查看：{address}",
    "If the files here are right, replace the server's: {command}": "如果本地文件是正确的，请替换服务器上的：{command}",
    "Bring the server up to date with: aimd artifact upload": "请运行 aimd artifact upload 更新服务器",
    "See what differs: aimd artifact upload --check": "查看差异：aimd artifact upload --check",
    "Bring the server up to date with: {command}": "更新服务器：{command}",
    "Fix, shorten or rename what is named above, and upload it again": "请修复、缩短或重命名上面列出的内容，然后重新上传",
    ", {failed} failed": "，{failed} 个失败",
    "{downloaded} downloaded{failed}; {size} received. See: {directory}": (
        "已下载 {downloaded} 个{failed}；共 {size}。见：{directory}"
    ),
    "WARNING: {name}: {refusals}": "警告：{name}：{refusals}",
    "WARNING: {name} went to {folder}, because the folder it asks for does not exist (-m creates it)": (
        "警告：{name} 进入了 {folder}，因为它要求的文件夹不存在（-m 会创建它）"
    ),
    "What is named above cannot be read; all the rest is imported": "上面列出的内容无法读取；其余均已导入",
    "it was on the server before, and stays in its folder; not moved to {unmet}": (
        "它此前已在服务器上，仍留在原文件夹；未移动到 {unmet}"
    ),
    "WARNING: not moved to {unmet}: {name} in {folder}{more}. -P and -I only place trials that are new to the"
    " server. Move others: aimd trial mv --remote NAME FOLDER": (
        "警告：{folder} 中的 {name}{more}未移动到 {unmet}。-P 和 -I 只决定服务器上尚不存在的试验放在哪里。"
        "移动其他试验：aimd trial mv --remote NAME FOLDER"
    ),
    "the folder does not exist: uploaded to the default one (-m creates it)": (
        "文件夹不存在：已上传到默认文件夹（-m 会创建它）"
    ),
    "PATH and -P both name a folder": "PATH 和 -P 都指定了文件夹",
    "artifact {name} in the trash": "回收站中的制品 {name}",
    "artifacts here and on a server are removed one after the other": "此处的制品与服务器上的制品须分开删除",
    "restore artifacts": "恢复制品",
    "no artifact and no trial {name!r} in {where}": "{where} 中没有制品或试验 {name!r}",
    "artifact or trial {name}": "制品或试验 {name}",
    "Run: aimd artifact ls, or: aimd trial ls": "请运行：aimd artifact ls，或：aimd trial ls",
    "nothing was recorded at {key!r}": "没有在 {key!r} 记录任何内容",
    "nothing was recorded at {where}": "没有在 {where} 记录任何内容",
    "number {index}": "第 {index} 项",
    "Numbers there: 0 to {last}": "该处有第 0 至 {last} 项",
    "Nearest steps: {steps}": "最近的步数：{steps}",
    "{count:,} more at this step: show one with --index, or save all with -o DIR": (
        "该步还有 {count:,} 项：用 --index 显示其中一项，或用 -o DIR 保存全部"
    ),
    "the table has no column {name!r}": "表格没有列 {name!r}",
    "{key!r} means several: {names}": "{key!r} 对应多个：{names}",
    "Opening {path}": "正在打开 {path}",
    "See it: aimd trial media TRIAL": "查看：aimd trial media TRIAL",
    "Type more of it": "请多写几个字符",
    "--open and --index need MEDIA": "--open 和 --index 需要指定 MEDIA",
    "Record some: trial.log_image(...)": "例如用 trial.log_image(...) 记录",
    "nothing was recorded besides numbers": "除数值外没有记录任何内容",
    "There are: {names}": "有：{names}",
    "no program opens {path}": "没有程序可以打开 {path}",
    "To keep it as a file: -o DIR instead of --open": "如需保存为文件：请用 -o DIR 代替 --open",
    "--folder-path needs --remote, without --dir": "--folder-path 须与 --remote 一起使用，且不能与 --dir 一起使用",
    "Or: -d SERVER:/FOLDER": "或使用：-d SERVER:/FOLDER",
}
