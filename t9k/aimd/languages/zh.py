"""The Chinese of what the SDK says: by the English text, or by its template with the same places."""

from __future__ import annotations

MESSAGES: dict[str, str] = {
    # Where commands refuse
    "no trial was named": "未指定试验",
    "cannot make a trial here ({strerror})": "无法在此创建试验（{strerror}）",
    # The SDK
    "{command} ended with {status}": "{command} 以状态 {status} 结束",
    "job {job} was requeued: {name} goes on": "作业 {job} 已重新排队：继续记录 {name}",
    "{earlier} was still open, and ends here: {trial} begins": "{earlier} 尚未结束，到此为止：开始记录 {trial}",
    "epoch {epoch}": "第 {epoch} 回合",
    "step {step}": "第 {step} 步",
    "{rate} steps/s": "每秒 {rate} 步",
    "{duration} per step": "每步 {duration}",
    "torchrun started its workers again: {name} goes on": "torchrun 已重新启动工作进程：继续记录 {name}",
    "{name} takes either a trial or the settings for one": "{name} 只接受一个试验，或创建试验的设置",
    "a trial needs a name": "试验需要名称",
    "{directory} is an address; trials are recorded in directories": "{directory} 是网络地址；试验只能记录到本地目录",
    "Give a directory of this machine; with auto_upload=True, a server gets the trial meanwhile": "请指定本机目录；设置 auto_upload=True 可在训练期间同步上传到服务器",
    "Call create_trial(trial_name='...')": "请调用 create_trial(trial_name='...')",
    "Check the path": "请检查路径",
    "trial_name must be a string, not {kind}: {name!r}": "trial_name 必须是字符串，而不是 {kind}：{name!r}",
    "conflict_strategy {strategy!r} is not one of {conflict_strategies}": (
        "conflict_strategy {strategy!r} 不在 {conflict_strategies} 之中"
    ),
    "trial_params must be a mapping, not {kind}": "trial_params 必须是映射，而不是 {kind}",
    "{path}: unknown setting {unknown!r}": "{path}：未知的设置 {unknown!r}",
    "Known settings: {settings}": "已知的设置：{settings}",
    "trial_path {path} is neither a trial directory nor a file; to name the trial: trial_name={name!r}": (
        "trial_path {path} 既不是试验目录，也不是文件；要给试验命名，请用 trial_name={name!r}"
    ),
    "give either trial_path or trial_name": "请只给出 trial_path 或 trial_name 其中之一",
    "give exactly one of dist_tf_strategy, dist_torch_model and dist_hvd": (
        "请给出 dist_tf_strategy、dist_torch_model 和 dist_hvd 其中之一"
    ),
    "the objective did not return a number": "目标函数没有返回数字",
    "limit must not be negative: {limit}": "limit 不得为负数：{limit}",
    "format {format!r} is not one of {formats}": "format {format!r} 不在 {formats} 之中",
    "Give trial_path, trial_name or trial_dir": "请给出 trial_path、trial_name 或 trial_dir",
    # The SDK
    "WARNING: not everything is captured: {error}": "警告：未能捕获全部信息：{error}",
    "WARNING: this script has signed out, so nothing is uploaded while it runs": (
        "警告：此脚本已退出登录，因此运行期间不会上传任何数据"
    ),
    "WARNING: {name}: {refusals}": "警告：{name}：{refusals}",
    "WARNING: {name} goes to {folder}: the folder it asks for does not exist (make_folder=True creates it)": (
        "警告：{name} 进入 {folder}：它要求的文件夹不存在（make_folder=True 会创建它）"
    ),
    "WARNING: {name} was on the server before and stays in {folder}: an upload does not move it to {unmet}": (
        "警告：{name} 此前已在服务器上，仍留在 {folder}：上传不会把它移动到 {unmet}"
    ),
    "{name} is on the server: {address}": "{name} 已在服务器上：{address}",
    "WARNING: cannot write to {path}: {reason}. Training goes on; what is not saved will be counted.": (
        "警告：无法写入 {path}：{reason}。训练将继续；未保存的数据会被计数。"
    ),
    "rank {number} of {count} records nothing; rank 0 does (all_ranks=True records every one)": (
        "rank {number}（共 {count} 个）不做记录；由 rank 0 记录（all_ranks=True 则全部记录）"
    ),
    "{method}: a trial has no such thing, so this was not recorded": "{method}：试验不保存此类内容，因此未记录",
    "{method}: not recorded: {error}": "{method}：未记录：{error}",
    "WARNING: TensorBoard took a value that no trial can hold: {error}": (
        "警告：TensorBoard 接受了一个试验无法保存的值：{error}"
    ),
    "WARNING: the event file for TensorBoard is incomplete: {error}": "警告：TensorBoard 的事件文件不完整：{error}",
    "timestamp must be seconds since 1970, in the years 1 to 9999, not {number}": (
        "timestamp 必须是自 1970 年起的秒数，且在公元 1 至 9999 年之间，而不是 {number}"
    ),
    "call wandb.init() before {name}": "使用 {name} 之前请先调用 wandb.init()",
    "wandb.log takes a mapping of names to values, not {kind}": "wandb.log 接受名称到值的映射，而不是 {kind}",
    "column {name!r} of this table has {given} values, and {other!r} has {count}": (
        "此表格的列 {name!r} 有 {given} 个值，而 {other!r} 有 {count} 个"
    ),
    "row {number} of this table has {given} values, and it has {count} columns": (
        "此表格的第 {number} 行有 {given} 个值，而它有 {count} 列"
    ),
    "a row of this table has {count} values, not {given}": "此表格的一行有 {count} 个值，而不是 {given} 个",
    "wandb.log: no {kind} is recorded": "wandb.log：不记录 {kind}",
    "wandb.log: this {kind} is not recorded: {error}": "wandb.log：未记录此 {kind}：{error}",
    "wandb.{name} is accepted, but does nothing here": "可以调用 wandb.{name}，但在此不起作用",
    "wandb.finish was called with exit code {code}": "调用 wandb.finish 时的退出码为 {code}",
    "WARNING: artifact {name} is not complete: {reason}": "警告：制品 {name} 不完整：{reason}",
    "alert: {title}: {text}": "提醒：{title}：{text}",
    "artifacts of W&B cannot be fetched here; download them with W&B's own package": (
        "无法在此获取 W&B 的制品；请用 W&B 自己的软件包下载"
    ),
    "sweeps need W&B's service; Optuna's studies are recorded here, see t9k.aimd.optuna": (
        "sweep 需要 W&B 的服务；此处可记录 Optuna 的 study，请见 t9k.aimd.optuna"
    ),
    "no recorded objective runs here, and the artifact store has no trial of its own": (
        "当前没有正在记录的目标函数，制品存储也没有自己的试验"
    ),
    "AIMDArtifactStore('name') keeps such artifacts in a trial of that name": (
        "AIMDArtifactStore('name') 会把这类制品保存在同名的试验中"
    ),
    "config must be a mapping or a file, not {kind}": "config 必须是映射或文件，而不是 {kind}",
    "there is a run {name!r} in {directory} already": "{directory} 中已有运行 {name!r}",
    "there is no run {name!r} in {directory} to resume": "{directory} 中没有可以继续的运行 {name!r}",
    "there is no run {name!r} in {directory}": "{directory} 中没有运行 {name!r}",
    "{moment!r} is not <id>?_step=<n> of a run in {directory}": (
        "{moment!r} 不是 {directory} 中某个运行的 <id>?_step=<n>"
    ),
    "{operator} is not one of {operators}": "{operator} 不在 {operators} 之中",
    "logged {attempts:,}, on disk {written:,}, plus {others:,} by others": (
        "记录了 {attempts:,} 条，已存盘 {written:,} 条，另有其他进程或副本记录的 {others:,} 条"
    ),
    "logged {attempts:,}, on disk {written:,}": "记录了 {attempts:,} 条，已存盘 {written:,} 条",
    ", but the disk reported an error: a power cut may lose some": "，但磁盘报告了错误：断电可能丢失部分数据",
    ", but its status or parameters could not be saved": "，但其状态或超参数未能保存",
    "trial {trial} finished: {receipt}{doubt}": "试验 {trial} 已完成：{receipt}{doubt}",
    "the script ended without finish()": "脚本结束时未调用 finish()",
    "the script exited with status {status} before finish()": "脚本在调用 finish() 之前以状态 {status} 退出",
    ", so this is Interrupted: {names}": "，因此以下试验为 Interrupted：{names}",
    " ({receipt})": "（{receipt}）",
    "trial {trial} failed: {receipt}{doubt}": "试验 {trial} 已失败：{receipt}{doubt}",
    "the worker failed": "工作进程失败",
    "WARNING: the URI of {key} has a password, which everyone who may see the artifact can read": (
        "警告：{key} 的 URI 含有密码，凡能查看该制品的人都能看到"
    ),
    "WARNING: {path} was left out: {reason}": "警告：未添加 {path}：{reason}",
    "WARNING: {count} files of {path} were left out": "警告：{path} 中有 {count} 个文件未添加",
    "no artifact was named": "未指定制品",
    "Give artifact_path, artifact_id, repo_path or repo_name": (
        "请给出 artifact_path、artifact_id、repo_path 或 repo_name"
    ),
    "give one of artifact_path, artifact_id and artifact_ref": (
        "请只给出 artifact_path、artifact_id、artifact_ref 其中之一"
    ),
    "{what} must be a string, not {value!r}": "{what} 必须是字符串，而不是 {value!r}",
    "artifact_type has {count:,} characters, the limit is {limit}": "artifact_type 有 {count:,} 个字符，上限为 {limit} 个",
    "For example: model, dataset": "例如：model、dataset",
    "All files of a directory are added by: artifact.add_dir": "添加目录中的所有文件：artifact.add_dir",
    "An artifact takes regular files, while nothing writes to them; nothing was added": (
        "制品只接受普通文件，且添加时不能有程序写入；未添加任何内容"
    ),
    "Check the path; a relative one begins at the working directory": "请检查路径；相对路径从工作目录开始",
    "{path} is larger than {limit}": "{path} 大于 {limit}",
    "Split it into several files": "请拆分成多个文件",
    "{uri!r} is not a URI": "{uri!r} 不是 URI",
    "For example: s3://bucket/data.tar, file:///data": "例如：s3://bucket/data.tar、file:///data",
    "is not a directory": "不是目录",
    "WARNING: checkpoints cannot be kept by {metric}; measured: {names}": "警告：无法按 {metric} 保留检查点；已有的指标：{names}",
    "WARNING: no checkpoint of step {step}: {path}: {reason}": "警告：未能保存第 {step} 步的检查点：{path}：{reason}",
    "keep names the metric {metric!r}, which was not given": "keep 使用了未给出的指标 {metric!r}",
    "Give it: metrics={{'{metric}': ...}}": "请给出：metrics={{'{metric}': ...}}",
    "keep {keep!r} is not a list of rules": "keep {keep!r} 不是规则列表",
    "For example: keep='best(val.acc):3, last:2', or 'best(score, max)'": (
        "例如：keep='best(val.acc):3, last:2'，或 'best(score, max)'"
    ),
    # Exceptions
    "metric {name!r} must be a number, not {kind}": "指标 {name!r} 必须是数字，而不是 {kind}",
    "metric {name!r} must be a number or an array of one element, not {kind}": (
        "指标 {name!r} 必须是数字或只有一个元素的数组，而不是 {kind}"
    ),
    "the working directory is gone": "当前工作目录已不存在",
    "Choose a directory that can be written to: create_trial(dir=...), or AIMD_DIR=DIR for every script": (
        "请选择可写的目录：create_trial(dir=...)，或为所有脚本设置 AIMD_DIR=DIR"
    ),
    "{what} must be a whole number of 64 bits, not of {bits}": "{what} 必须是 64 位整数，而不是 {bits} 位",
    "the configuration cannot be resolved: {error}": "无法解析该配置：{error}",
    "parameter {name!r} has two keys that are {key!r} as text": "超参数 {name!r} 有两个键转为文本后都是 {key!r}",
    "parameter {name!r} is one of more than {limit:,} values, which are too many": "超参数 {name!r} 所在的集合超过 {limit:,} 个值，数量过多",
    "parameter {name!r} is {kind}, which is too large for a parameter": "超参数 {name!r} 的类型为 {kind}，作为超参数过大",
    "parameters must be a mapping of names to values, not {kind}": "超参数必须是名称到值的映射，而不是 {kind}",
    "parameter {name!r} is too large: with it, the parameters have {chars:,} characters of JSON": (
        "超参数 {name!r} 过大：加上它，全部超参数的 JSON 有 {chars:,} 个字符"
    ),
    "{limit:,} is the most. Keep large values in a file beside the trial": (
        "上限为 {limit:,} 个字符。请将较大的值保存在试验之外的文件中"
    ),
    "WARNING: settings are not recorded: {message}": "警告：设置未被记录：{message}",
    "{kind} of shape {shape}": "形状为 {shape} 的 {kind}",
    "{what} must be a whole number, not {kind}": "{what} 必须是整数，而不是 {kind}",
    "parameter {name!r} is nested deeper than {levels} levels": "超参数 {name!r} 的嵌套超过 {levels} 层",
    "parameter {name!r} is an integer of more than {bits} bits": "超参数 {name!r} 是超过 {bits} 位的整数",
    "parameter {name!r}": "超参数 {name!r} ",
    "parameter {name!r} is {kind}, which JSON cannot hold": "超参数 {name!r} 的类型为 {kind}，JSON 无法表示",
    "a key of parameter {name!r}": "超参数 {name!r} 的键",
    "parameter {name!r} has a key that is {kind}, which JSON cannot hold": (
        "超参数 {name!r} 有一个类型为 {kind} 的键，JSON 无法表示"
    ),
    "{what} must be a string, not {kind}: {value!r}": "{what}必须是字符串，而不是 {kind}：{value!r}",
    "{what} is not valid Unicode: {reason} at {start}": "{what}不是有效的 Unicode：位置 {start}，{reason}",
    "a parameter's name": "超参数名",
    "a metric's name": "指标名",
    "no parameter {name!r}": "没有超参数 {name!r}",
    "{name!r} is part of the mapping itself; set it as params[{name!r}]": (
        "{name!r} 是映射自身的属性；请用 params[{name!r}] 设置"
    ),
    "dist_tf_strategy must be a tf.distribute.Strategy, not {kind}": (
        "dist_tf_strategy 必须是 tf.distribute.Strategy，而不是 {kind}"
    ),
    "dist_torch_model must be a DataParallel or DistributedDataParallel, not {kind}": (
        "dist_torch_model 必须是 DataParallel 或 DistributedDataParallel，而不是 {kind}"
    ),
    "dist_hvd must be a horovod module, not {kind}": "dist_hvd 必须是 horovod 模块，而不是 {kind}",
    "expected an artifact or its id, not {kind}": "此处应为制品或其 ID，而不是 {kind}",
    "metrics must be a mapping of names to numbers, not {kind}": "metrics 必须是从名称到数字的映射，而不是 {kind}",
    "a fork takes its settings from its parent: leave out trial_path": "分叉试验的设置取自父试验：请去掉 trial_path",
    # t9k/aimd/saving.py
    "expected a path, not {kind}": "应为路径，而不是 {kind}",
    "expected a name, not {kind}": "应为名称，而不是 {kind}",
    "{name!r} cannot name a kept file: {reason}": "{name!r} 不能作为所保存文件的名称：{reason}",
    "is not there": "不存在",
    "more than {limit:,} files at once": "一次超过 {limit:,} 个文件",
    "WARNING: not saved: {parts}{more}. Training goes on.": "警告：未保存：{parts}{more}。训练继续进行。",
    # t9k/aimd/media
    "WARNING: nothing recorded at {key!r}: {reason}. Training goes on; such are counted.": (
        "警告：{key!r} 处没有记录任何内容：{reason}。训练继续进行；此类情况会计数。"
    ),
    "{points}, media {attempts:,}, on disk {written:,}": "{points}；媒体 {attempts:,} 项，已写入磁盘 {written:,} 项",
    "a key must be a string, not {kind}": "键必须是字符串，而不是 {kind}",
    "{key!r} cannot be a key: {reason}": "{key!r} 不能作为键：{reason}",
    "{name} must be a string, not {kind}": "{name} 必须是字符串，而不是 {kind}",
    "{name} must be a number, not {kind}": "{name} 必须是数字，而不是 {kind}",
    "{name} must be above 0 and below {limit:,}, not {value}": "{name} 必须大于 0 且小于 {limit:,}，而不是 {value}",
    "{name} has {given} entries for {count} things": "{name} 有 {given} 项，而对象有 {count} 个",
    "layout {layout!r} is not one of {layouts}": "layout {layout!r} 不在 {layouts} 之列",
    "{kind} is not {what}": "{kind} 不是{what}",
    "{kind} of shape {shape} is not {what}": "形状为 {shape} 的 {kind} 不是{what}",
    "HTML, or the path object of a file": "HTML 文本或文件的路径对象",
    "a table: a data frame, a mapping of columns, or a list of rows": "表格：数据框、由列组成的映射，或由行组成的列表",
    "numbers, or the counts and edges of a histogram": "数字，或直方图的计数与边界",
    "a figure of matplotlib or plotly, or a picture": "matplotlib 或 plotly 的图，或图片",
    "a picture: an array of height x width, with 1, 3 or 4 channels first or last, a PIL image, a path or bytes": (
        "图片：高 x 宽的数组（1、3 或 4 个通道在最前或最后）、PIL 图像、路径或字节"
    ),
    "a sound: an array of samples, or of samples x channels, a path or bytes": (
        "声音：采样数组，或采样 x 声道的数组、路径或字节"
    ),
    "a video: an array of frames x height x width x channels, a path or bytes": (
        "视频：帧 x 高 x 宽 x 通道的数组、路径或字节"
    ),
    "points: an array of n x 3, or of n x 6 with colours, a path or bytes": (
        "点：n x 3 的数组，或带颜色的 n x 6 数组、路径或字节"
    ),
    "it has {size:,} {unit}, the limit is {limit:,}": "它有 {size:,} {unit}，上限为 {limit:,}",
    "bytes": "字节",
    "cells": "个单元格",
    "frames": "帧",
    "numbers": "个数字",
    "pictures": "张图片",
    "pixels": "个像素",
    "its record has more than {limit:,} bytes": "它的记录超过 {limit:,} 字节",
    "it is not a picture that browsers show, such as PNG, JPEG, GIF, WebP or SVG": (
        "它不是浏览器能显示的图片，例如 PNG、JPEG、GIF、WebP 或 SVG"
    ),
    "it is not a sound that browsers play, such as WAV, MP3, Ogg or FLAC": (
        "它不是浏览器能播放的声音，例如 WAV、MP3、Ogg 或 FLAC"
    ),
    "it is not a video that browsers play, such as MP4, WebM or GIF": (
        "它不是浏览器能播放的视频，例如 MP4、WebM 或 GIF"
    ),
    "it is not a glTF, GLB, OBJ, PLY or STL file": "它不是 glTF、GLB、OBJ、PLY 或 STL 文件",
    "pixels that are not whole numbers are from 0 to 1; larger ones are clipped": (
        "非整数的像素值应在 0 到 1 之间；更大的值会被截断"
    ),
    "digest must be a SHA-256 in hexadecimal, not {value!r}": "digest 必须是十六进制的 SHA-256，而不是 {value!r}",
    "size must be a number of bytes, not {value!r}": "size 必须是字节数，而不是 {value!r}",
}
