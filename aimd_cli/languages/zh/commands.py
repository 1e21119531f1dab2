"""Help: of every command, of its options and arguments, and what Typer and Click say around it."""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    # Around every help
    "Usage: ": "用法：",
    "{heading}:": "{heading}：",
    "Options": "选项",
    "Arguments": "参数",
    "Commands": "命令",
    "Record and look": "记录与查看",
    "Share through a server": "通过服务器共享",
    "Run a server": "运行服务器",
    "Settings and help": "设置与帮助",
    "Look": "查看",
    "Change": "修改",
    "Save lists under a name, here or on a server; list, copy and remove them.": (
        "按名称保存列表，可存于本地或服务器；查看、复制和删除已保存的列表。"
    ),
    "Names of views, without the @; by default all.": "视图的名称，不含 @；默认为全部。",
    "The directory whose views they are, or SERVER:/FOLDER.": "视图所属的目录，或 SERVER:/FOLDER。",
    "Views on the active server; DIR is a folder there, by default the root.": (
        "当前服务器上的视图；DIR 为其中的文件夹，默认为根文件夹。"
    ),
    "On a server: the view that all who may see the folder see.": "在服务器上：所有能看到该文件夹的人都能看到的视图。",
    "Replace views of the same name that differ.": "替换同名但内容不同的视图。",
    "Parameters to group trials by.": "用于将试验分组的超参数。",
    "Copy saved views of a directory to a folder on a server. Nothing is replaced without --replace.": (
        "将目录中已保存的视图复制到服务器的文件夹。不指定 --replace 时不替换任何视图。"
    ),
    "Where to, such as team:/vision.": "目标位置，例如 team:/vision。",
    "Copy saved views of a folder on a server to a directory. Nothing is replaced without --replace.": (
        "将服务器文件夹中已保存的视图复制到目录。不指定 --replace 时不替换任何视图。"
    ),
    "Where from, such as team:/vision.": "来源位置，例如 team:/vision。",
    "The trial to measure against, instead of the kept one.": "用作比较基准的试验，代替已设置的基准试验。",
    "The trial that `baseline` means, instead of the kept one.": "`baseline` 所指的试验，代替已设置的基准试验。",
    "List saved views.": "列出已保存的视图。",
    "The name of the view, without the @.": "视图的名称，不含 @。",
    "Queries or parts of names, as for `aimd trial ls`.": "查询或名称的一部分，与 `aimd trial ls` 相同。",
    "Fields to sort by.": "排序依据的字段。",
    "Fields to show.": "要显示的字段。",
    "A metric to plot; repeatable.": "要绘制的指标；可重复。",
    "Save a list under a name, for `aimd trial ls @NAME` and every command that takes trials.": (
        "按名称保存列表，供 `aimd trial ls @NAME` 以及所有接受试验的命令使用。"
    ),
    "Remove a saved view. No trial is touched.": "删除已保存的视图，不影响任何试验。",
    "The trial that others are measured against.": "作为比较基准的试验。",
    "Clear the baseline.": "清除基准。",
    "Choose the baseline of a directory or of a folder on a server, or print it.": (
        "设置或打印目录或服务器文件夹的基准试验。"
    ),
    "`ls`, `compare` and `check` show how far other trials are from it.": (
        "`ls`、`compare` 和 `check` 会显示其他试验与它的差距。"
    ),
    "Draw several metrics on the same axes, not in panels.": "将多个指标绘制在同一坐标系中，而不是分图绘制。",
    "Upload and exchange": "上传与交换",
    "Check": "检查",
    "Examples:": "示例：",
    "default: {default}": "默认：{default}",
    "required": "必需",
    "Show this message and exit.": "显示此帮助并退出。",
    "No such command {name}. Did you mean {names}?": "没有命令 {name}。您是否想要 {names}？",
    "No such command {name}.": "没有命令 {name}。",
    "No such option: {name} (Possible options: {names})": "没有选项 {name}（可能的选项：{names}）",
    "No such option: {name}": "没有选项 {name}",
    "Missing argument {name}. {problem}": "缺少参数 {name}。{problem}",
    "Missing argument {name}.": "缺少参数 {name}。",
    "Missing option {name}. {problem}": "缺少选项 {name}。{problem}",
    "Missing option {name}.": "缺少选项 {name}。",
    "Missing command.": "缺少命令。",
    "Choose from:\n\t{choices}": "请从中选择：\n\t{choices}",
    "Invalid value for {name}: {problem}": "{name} 的值无效：{problem}",
    "Got unexpected extra argument(s) ({words})": "多出了参数（{words}）",
    "Option {name} requires an argument.": "选项 {name} 需要一个值。",
    "Option {name} requires {count} arguments.": "选项 {name} 需要 {count} 个值。",
    "Option {name} does not take a value.": "选项 {name} 不接受值。",
    "{value} is not one of {choices}.": "{value} 不在可选值 {choices} 之中。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 之内。",
    "{value} is not a valid int range.": "{value} 不是整数。",
    "{value} is not a valid int.": "{value} 不是整数。",
    "{value} is not a valid float range.": "{value} 不是数字。",
    "{value} is not a valid float.": "{value} 不是数字。",
    "{value} is not a valid {kind}.": "{value} 不是有效的 {kind}。",
    # aimd
    "Record, list, compare and upload training trials: plain files, a terminal, your own server.": (
        "记录、列出、比较和上传训练试验：纯文件、终端、您自己的服务器。"
    ),
    "Print the version.": "打印版本。",
    "Print more on stderr.": "在 stderr 上输出更多信息。",
    "Install completion for this shell, or for the one named after it: bash, zsh, fish, powershell.": (
        "为当前 shell 或其后指定的 shell（bash、zsh、fish、powershell）安装自动补全。"
    ),
    "Print the completion script instead of installing it.": "打印补全脚本，而不安装。",
    "Show tracebacks of errors.": "出错时显示调用栈。",
    # Shared options
    "A trial directory; repeatable.": "试验的目录；可重复指定。",
    "Names or ids or their beginnings, paths, @latest, or SERVER:NAME; '-' reads names from stdin.": (
        "名称、ID 或其开头部分，路径，@latest，或 SERVER:NAME；'-' 表示从 stdin 读取名称。"
    ),
    "An alternative name, or a unique prefix of a name or id; repeatable.": (
        "替代名称，或名称、ID 的唯一前缀；可重复指定。"
    ),
    "Include points that were superseded when a trial went on from an earlier step.": "包括试验从较早步数继续时被取代的数据点。",
    "Where to look up the name, also SERVER:/FOLDER.": "查找名称的位置，也可为 SERVER:/FOLDER。",
    "Where to look up names, also SERVER:/FOLDER; on its own, all trials in it.": (
        "在此处查找名称，也可以是 SERVER:/FOLDER；单独使用时表示其中的所有试验。"
    ),
    "Changes nothing here: names are those of the active server.": "此处不起作用：名称总是在当前服务器上查找。",
    "The directory that holds .aimd, or SERVER:. [default: .]": ".aimd 所在的目录，或 SERVER:。[默认：.]",
    "Look up names on the active server; DIR is a folder there.": "在当前服务器上查找名称；此时 DIR 是其中的文件夹。",
    "The server to use, or part of the address of one that `aimd login` knows.": (
        "要使用的服务器，或 `aimd login` 已知的服务器地址的一部分。"
    ),
    "Print one JSON document.": "输出一个 JSON 文档。",
    "How many trials to transfer at once.": "同时传输多少个试验。",
    "Do not ask for confirmation.": "不询问，直接执行。",
    "A name or id or its beginning, a path, @latest, or SERVER:NAME.": (
        "名称、ID 或其开头部分，路径，@latest，或 SERVER:NAME。"
    ),
    "Only this metric; repeatable.": "仅此指标；可重复指定。",
    # aimd login, logout, relay, help, console
    "Sign in to a server: check the API key, then save it with the address in the SDK config file.": (
        "登录服务器：先验证 API Key，再将它和服务器地址保存到 SDK 配置文件。"
    ),
    "Without -k, asks for the key and does not echo it. Earlier servers are kept: see `aimd config hosts`.": (
        "不带 -k 时会提示输入 API Key，输入内容不显示。之前登录过的服务器会保留：参见 `aimd config hosts`。"
    ),
    "The API key; '-' reads it from stdin, '@FILE' from a file.": "API Key；'-' 表示从 stdin 读取，'@FILE' 表示从文件读取。",
    "A short name for the server: its trials are then NAME:/FOLDER/TRIAL.": (
        "服务器的简称：之后可用 NAME:/FOLDER/TRIAL 指称其中的试验。"
    ),
    "Only show who is signed in, according to the server.": "仅向服务器查询并显示当前登录的用户。",
    "Remove the API key from the SDK config file. Other servers' keys stay.": (
        "从 SDK 配置文件中移除 API Key。其他服务器的 API Key 保留。"
    ),
    "The server to sign out of, or part of its address. [default: the active one]": (
        "要退出的服务器，或其地址的一部分。[默认：当前服务器]"
    ),
    "Forget the server's address too.": "同时移除服务器的地址。",
    "Keep every trial below a directory uploaded: for login nodes of clusters without network on the compute nodes.": (
        "持续上传某个目录下的所有试验：适用于计算节点没有网络的集群，在登录节点上运行。"
    ),
    "It only lists, stats and reads; it takes no locks and follows no links, so it works on network file systems.": (
        "它只列出、查询和读取文件，不加锁，也不跟随链接，因此可用于网络文件系统。"
    ),
    "The directory that holds the working directories, at any depth.": "存放工作目录的目录，深度不限。",
    "Upload what is there now, then exit.": "上传现有的数据，然后退出。",
    "Time between two scans.": "两次扫描的间隔。",
    "Explain a topic or a command; alone, list the topics.": "解释一个主题或命令；单独使用时列出所有主题。",
    "A topic, or the words of a command.": "主题，或命令的各个词。",
    "Show local trials in the browser, live, until stopped (Ctrl-C or SIGTERM).": (
        "在浏览器中实时展示本地试验，按 Ctrl-C（或发送 SIGTERM）停止。"
    ),
    "Runs a private server on this machine, for you alone, and prints an address that opens the "
    "console once. The console is read-only: change trials with `aimd trial tag`, `note`, "
    "`rename` or `rm`, and it follows within a second.": (
        "在本机上运行一个仅供您使用的私有服务器，并打印一个只能打开一次控制台的地址。控制台是只读的：请用 `aimd trial tag`、`note`、`rename` 或 `rm` 修改试验，控制台会在一秒内更新。"
    ),
    "The directory that holds .aimd, or a directory of trials.": ".aimd 所在的目录，或存放试验的目录。",
    "The port to listen on; 0 picks a free one.": "监听的端口；0 表示任选一个空闲端口。",
    "Do not open the browser; only print the address.": "不打开浏览器，仅打印地址。",
    # aimd config
    "Show and change settings and servers.": "查看和修改设置与服务器。",
    "List each setting, its value and where it comes from; the environment wins over the file. Secrets are masked.": (
        "列出所有设置、其值和来源；环境变量优先于文件。机密值会被遮盖。"
    ),
    "Show the variable or file of each value, and what it overrides.": "显示每个值来自哪个变量或文件，以及被覆盖的来源。",
    "Print the effective value of a setting; a key is masked.": "打印当前生效的设置值；API Key 会被遮盖。",
    "aimd_host, api_key, asset_hub_host or pictures.": "aimd_host、api_key、asset_hub_host 或 pictures。",
    "Change a setting in the file. A new aimd_host brings its own key, never the old server's.": (
        "在文件中修改一项设置。更换 aimd_host 时使用其自己的 API Key，绝不沿用旧服务器的。"
    ),
    "The value; for api_key also '-' (stdin) or '@FILE'.": "设置的值；api_key 还可以是 '-'（stdin）或 '@FILE'。",
    "Remove a setting from the file. Its server stays known: see `aimd config hosts`.": (
        "从文件中移除一项设置。其服务器仍会保留：参见 `aimd config hosts`。"
    ),
    "List the servers you have signed in to; '*' marks the active one. Keys are never shown.": (
        "列出已登录的服务器，'*' 标记当前服务器。从不显示 API Key。"
    ),
    "Make a known server the active one, which every command uses unless told otherwise.": (
        "将一个已知服务器设为当前服务器；除非另行指定，所有命令都使用它。"
    ),
    "A known server, or a part of its address that fits only one.": "已知的服务器，或只匹配其中一个的部分地址。",
    "Edit the SDK config file in $VISUAL or $EDITOR; it is checked before it replaces the old one.": (
        "用 $VISUAL 或 $EDITOR 编辑 SDK 配置文件；检查无误后才会替换旧文件。"
    ),
    "Print where the SDK config file is, or would be.": "打印 SDK 配置文件的（预期）位置。",
    # aimd trial
    "List, compare, label, export and upload trials.": "列出、比较、标记、导出和上传试验。",
    "List trials, newest first, with what sets them apart.": "列出试验，最新的在前，并突出它们之间的差异。",
    "The directory that holds .aimd, a directory of trials, another tracker's store, SERVER:/FOLDER, or @VIEW."
    " [default: .]": (".aimd 所在的目录、存放试验的目录、其他跟踪工具的数据、SERVER:/FOLDER 或 @视图。[默认：.]"),
    "Watch the active server; PATH is a folder there.": "查看当前服务器；此时 PATH 是其中的文件夹。",
    "The directory that holds .aimd, a directory of trials, or SERVER:/FOLDER [default: .]; and queries that a trial must"
    " match, such as 'val.acc > 0.9' or a part of its name.": (
        ".aimd 所在的目录、存放试验的目录，或 SERVER:/FOLDER [默认：.]；以及试验须满足的查询，例如 'val.acc > 0.9' 或名称的一部分。"
    ),
    "Show which packages and recorded diffs differ, not only how many.": "显示哪些包和记录的 diff 不同，而不只是数量。",
    "Print everything at once, without a pager (AIMD_PAGER, PAGER).": (
        "直接输出到终端，而不使用分页器（AIMD_PAGER、PAGER）。"
    ),
    "Show every column whole; the pager scrolls sideways.": "完整显示所有列；分页器可左右滚动。",
    "Only trials in these states, separated by commas.": "仅显示处于这些状态的试验，以逗号分隔。",
    "Show groups with their means: 'params.lr' or 'all but params.seed'.": (
        "分组显示均值：'params.lr' 或 'all but params.seed'。"
    ),
    "Show every parameter, not only those that differ.": "显示所有超参数，而不仅是有差异的。",
    "Only trials that match a query; see `aimd help query`.": "仅显示满足查询的试验；语法见 `aimd help query`。",
    "Fields to sort by; a leading '-' puts the largest first.": "排序依据的字段，前面加 '-' 表示从大到小。",
    "Fields to show instead of the usual ones, separated by commas; +FIELDS: in addition to them.": (
        "要显示的字段（以逗号分隔），取代默认的字段；+FIELDS 表示在默认字段之外再显示。"
    ),
    "Only parameters and metrics that differ.": "仅显示有差异的超参数和指标。",
    "List the server's trials.": "列出服务器上的试验。",
    "With --remote: of this folder.": "与 --remote 一起使用：此文件夹的基准。",
    "With --remote: only this folder and below.": "与 --remote 一起使用：仅此文件夹及其下级。",
    "Show at most this many trials (0: all). [50 on a terminal]": "最多显示多少个试验（0 表示全部）。[在终端上为 50]",
    "Keep the list up to date until Ctrl-C.": "持续刷新列表，直到按下 Ctrl-C。",
    "With --watch: time between two updates.": "与 --watch 一起使用：刷新间隔。",
    "Print alternative names only (ids with --remote).": "仅打印替代名称（带 --remote 时为 ID）。",
    "Print the table in this format.": "以此格式打印表格。",
    "Describe trials: how they went, or the parts you ask for in full.": "描述试验的结果，或完整显示您指定的部分。",
    "Show platform, packages and git.": "显示平台、软件包和 git 信息。",
    "Show the parameters.": "显示超参数。",
    "Show the metrics.": "显示指标。",
    "Show all of these.": "显示以上全部。",
    "The same as describe.": "与 describe 相同。",
    "Watch trials on a live screen: filter, sort, compare their curves, read their output. Press ? for all keys.": (
        "在实时界面中观察试验：筛选、排序、比较曲线、阅读输出。按问号键查看所有按键。"
    ),
    "Needs a terminal and the extra `ui`: pip install 'aimd-cli[ui]'. Other commands print "
    "everything it shows: `aimd trial ls --watch`, `plot --watch`, `logs -f`, `describe`.": (
        "需要终端和附加组件 `ui`：pip install 'aimd-cli[ui]'。它显示的内容也可以用其他命令打印：`aimd trial ls --watch`、`plot --watch`、`logs -f`、`describe`。"
    ),
    "Start with this filter; `/` changes it.": "启动时使用的筛选条件；按 `/` 修改。",
    "The field to sort by; a leading '-' puts the largest first.": "排序依据的字段，前面加 '-' 表示从大到小。",
    "The metric to chart.": "要绘制的指标。",
    "Time between two updates.": "刷新间隔。",
    "Plot metrics of trials. Letters and dashes tell curves apart even without colour.": (
        "绘制试验的指标。曲线以字母和虚线区分，没有颜色也能辨认。"
    ),
    "A metric such as val.loss; repeatable. [default: the main one]": "指标，例如 val.loss；可重复指定。[默认：主要指标]",
    "Use a logarithmic y axis.": "y 轴使用对数刻度。",
    "Draw a moving average with this weight, such as 0.9.": "按此权重绘制滑动平均，例如 0.9。",
    "Height of the chart in lines.": "图表的高度（行数）。",
    "Redraw as points arrive, until the trials end.": "有新数据点时重新绘制，直到试验结束。",
    "Compare trials: only what differs, metrics side by side, the best marked.": (
        "比较试验：仅显示差异，指标并排展示，并标出最佳值。"
    ),
    "Group trials: 'params.lr' or 'all but params.seed'.": "将试验分组：'params.lr' 或 'all but params.seed'。",
    "Which direction is better, if the name does not tell.": "从名称看不出时，指明哪个方向更好。",
    "Which value of each metric to compare.": "比较各指标的哪个值。",
    "Also show what is the same in all of them.": "同时显示各试验相同的内容。",
    "Show the disk space that trials and artifacts here take, largest first, and what nothing refers to.": (
        "显示此处的试验和制品占用的磁盘空间（从大到小），以及不再被引用的内容。"
    ),
    "OWN is what only that trial or artifact holds: files that several of them keep take space once.": (
        "OWN（独占）是仅由该试验或制品持有的部分：多方保存的相同文件只占一份空间。"
    ),
    "The working directory that holds .aimd.": "包含 .aimd 的工作目录。",
    "Remove objects that no trial and no artifact refers to from .aimd/objects.": (
        "从 .aimd/objects 中移除不被任何试验或制品引用的对象。"
    ),
    (
        "What was added within the last hour stays. No file of a trial or an artifact changes. Safe to interrupt, and to run"
        " while others record."
    ): "最近一小时内添加的内容会保留。试验和制品的文件不会改变。可随时中断，也可在有进程正在记录时运行。",
    "List the files kept with a trial, with their sizes and SHA-256 digests.": "列出随试验保存的文件及其大小和 SHA-256 摘要。",
    "They are in `files/` of its directory, where trial.save and you put them.": (
        "这些文件位于试验目录的 `files/` 中，由 trial.save 或您自己放入。"
    ),
    "Print the recorded output of a trial, without colours and control characters.": "打印试验的输出记录，去除颜色和控制字符。",
    "Follow the output until the trial ends.": "持续输出新增内容，直到试验结束。",
    "Print only this many of the last lines.": "仅打印最后若干行。",
    "Tag trials. A tag is one word, such as baseline or lr-sweep.": "为试验添加标签。标签是一个词，例如 baseline 或 lr-sweep。",
    "The trial ('-' reads names from stdin), unless -n, -p or -d names it.": (
        "试验（'-' 表示从 stdin 读取名称），除非由 -n、-p 或 -d 指定。"
    ),
    "Remove the tags.": "移除这些标签。",
    "Set or print the note of a trial.": "设置或打印试验的备注。",
    "The note; '-' reads it from stdin, '' removes it.": "备注；'-' 表示从 stdin 读取，'' 表示移除。",
    "Rename a trial that has ended: its metadata and its directory. Date, suffix and id stay the same.": (
        "重命名已结束的试验：修改其元数据和目录。日期、后缀和 ID 不变。"
    ),
    "On a server, it may also be running.": "在服务器上，正在运行的试验也可以重命名。",
    "Move trials to another working directory, or on a server to another folder. Never overwrites anything.": (
        "将试验移至另一个工作目录，或在服务器上移至另一个文件夹。绝不覆盖任何内容。"
    ),
    "Between a directory and a server, use `aimd trial upload` and `download`.": (
        "在目录和服务器之间请使用 `aimd trial upload` 和 `download`。"
    ),
    "Trials, then the directory or the folder.": "要移动的试验，最后是目标目录或文件夹。",
    "Create the directory, or the folder and its parents.": "创建该目录，或该文件夹及其上级。",
    "The new name, without date and suffix.": "新名称，不含日期和后缀。",
    "Even if it is Lost and may still run on another host.": "即使状态为 Lost、可能仍在其他主机上运行。",
    "Move trials to the trash, .aimd/trash or the server's. Asks first; `aimd trial restore` undoes it.": (
        "将试验移至回收站（.aimd/trash 或服务器的回收站）。会先询问；可用 `aimd trial restore` 恢复。"
    ),
    "Do not ask for confirmation; required without a terminal.": "不询问，直接执行；没有终端时必须指定。",
    "Restore trials from the trash. Never overwrites anything.": "从回收站恢复试验。不会覆盖任何内容。",
    "Names or ids or their beginnings; '-' reads them from stdin.": "名称、ID 或其开头部分；'-' 表示从 stdin 读取。",
    "List and empty the trash.": "查看和清空回收站。",
    "List what is in the trash.": "列出回收站中的内容。",
    "Permanently delete what is in the trash. Asks first.": "永久删除回收站中的内容。会先询问。",
    "Only what was removed longer ago than this, such as 30d or 12h.": "仅删除早于此时间移入的内容，例如 30d 或 12h。",
    "Export all points, unrounded: one row per value, or one per step with --wide.": (
        "导出所有数据点，不做舍入：每个值一行，带 --wide 时每步一行。"
    ),
    "[default: from the file name, else csv]": "[默认：由文件名决定，否则为 csv]",
    "In CSV, put ' before names that a spreadsheet would calculate.": "导出 CSV 时，在电子表格会当作公式的名称前加上 '。",
    "One row per picture, table and the like, with the SHA-256 of its bytes.": (
        "每个图片、表格等一行，并给出其字节的 SHA-256。"
    ),
    "One row per step, one column per metric.": "每步一行，每个指标一列。",
    "[default: stdout]": "[默认：stdout]",
    "Write runs of this tracker into the directory FILE, with all that it can hold.": (
        "将试验写成该跟踪工具的运行，放入目录 FILE，并保留它所能容纳的全部内容。"
    ),
    "Overwrite FILE if it exists.": "FILE 已存在时覆盖它。",
    "Import the runs of another tracker as trials: values, steps, times, media, parameters, tags and how they ended.": (
        "将其他跟踪工具的运行记录导入为试验：值、步数、时间、媒体、超参数、标签以及结束方式。"
    ),
    "Reads what other trackers write (see --from), and CSV tables. None of their libraries is needed, and the source is "
    "never changed. Pictures, sounds, texts, tables and histograms of TensorBoard, W&B, MLflow, Trackio, SwanLab and "
    "aimd become media of the trial, artifacts of MLflow and files that SwanLab saved become its files; anything else is "
    "left out and counted by kind. A file that cannot be read is named, and the rest is imported (exit code 8). "
    "Importing the same runs again changes nothing; what a run has gained since is appended.": (
        "支持其他跟踪工具写下的文件（见 --from）以及 CSV 表格；无需安装这些库，也不会改动源文件。TensorBoard、W&B、MLflow、"
        "Trackio、SwanLab 和 aimd 的图片、声音、文本、表格和直方图会成为试验的媒体，MLflow 的制品和 SwanLab 保存的文件会成为"
        "试验的文件；其余内容会被略去，并按种类计数。无法读取的文件会逐一列出，其余照常导入（退出码为 8）。重复导入同一批运行不会产生任何变化；运行新增的内容会"
        "追加到已有试验。"
    ),
    "A file, or a directory that holds such files.": "文件，或存放此类文件的目录。",
    "What wrote it: tensorboard, wandb, mlflow, trackio, swanlab, dvclive, sacred, clearml, neptune, aimd or csv. "
    "[default: recognised by its files]": (
        "数据来源：tensorboard、wandb、mlflow、trackio、swanlab、dvclive、sacred、clearml、neptune、aimd 或 csv。"
        "[默认：根据文件识别]"
    ),
    "The trial's name, if there is only one run.": "试验名称，仅当只有一个运行记录时可用。",
    "The working directory to put the trials in: DIR/.aimd/trials.": "存放试验的工作目录：DIR/.aimd/trials。",
    "Check a condition: exit code 0 when it holds for every trial named, 1 when it does not.": (
        "检查条件：对所有指定的试验都成立时退出码为 0，否则为 1。"
    ),
    "The condition is a query; the right of a comparison may be arithmetic with best(SELECTOR), worst(..), mean(..), and"
    " baseline, the same metric of the trial that `aimd trial baseline` chose.": (
        "条件是一个查询；比较的右侧可以是包含 best(SELECTOR)、worst(..)、mean(..) 的算式，也可以使用 baseline，即"
        " `aimd trial baseline` 所设基准试验的同一指标。"
    ),
    "Trials ('-': names on stdin), then what must hold.": "试验（'-' 表示从 stdin 读取名称），然后是必须成立的条件。",
    "Wait until trials have ended, or a condition holds for all of them.": "等待试验结束，或等待条件对所有试验成立。",
    "The exit code is 9 if a trial has ended, but not well: failed, killed, interrupted or lost. It is 1 after --timeout, "
    "or if a trial succeeded without meeting the condition. With --until ended, any end will do.": (
        "若有试验已结束但未成功（失败、被终止、中断或失联），退出码为 9。超过 --timeout，或试验成功却未满足条件时为 1。"
        "使用 --until ended 时，任何结束方式均可。"
    ),
    "Wait for a query, a state, or 'ended'. [default: that it ends well]": (
        "等待一个查询、一个状态或 'ended'。[默认：试验成功结束]"
    ),
    "Give up after so long, such as 2h; exit code 1.": "等待这么久之后放弃，例如 2h；退出码为 1。",
    "Look so often.": "查看的间隔。",
    "Read every byte of every file of trials and report damage with line numbers. Changes nothing.": (
        "读取试验所有文件的每个字节，并指出损坏之处及行号。不做任何修改。"
    ),
    (
        "Without names, checks all trials here. Exits with 6 if there is damage. What a server has is copied, compared with "
        "its digests, and checked the same way."
    ): (
        "未指定试验时检查此处的所有试验。有损坏时退出码为 6。服务器上的试验会先复制下来，与其摘要比对，再以同样方式检查。"
    ),
    "Upload trials, or what is new in them. Safe to repeat, even while a trial runs.": (
        "上传试验或其新增的数据。可以放心地重复执行，即使试验正在运行。"
    ),
    "The id of the folder to upload to; wins over -P.": "要上传到的文件夹的 ID；优先于 -P。",
    "The folder to upload to.": "要上传到的文件夹。",
    "Create the folder and its parents if missing.": "文件夹及其上级不存在时自动创建。",
    "What to do if the name is taken there. [default: what the trial says, else new]": (
        "名称在服务器上已被占用时的处理方式。[默认：试验自身的设置，否则为 new]"
    ),
    "Show what would be done; change nothing.": "仅显示将要执行的操作，不做任何修改。",
    "Verify that the server has the same bytes, changing nothing; exit with 1 if not.": (
        "验证服务器上的数据与本地相同，不做任何修改；不同时退出码为 1。"
    ),
    "Replace what the server has of trials whose files were changed here after their upload.": (
        "如果试验的文件在上传之后于本地被改动，则替换服务器上的内容。"
    ),
    "Keep uploading until the trials end; with -d, new trials are included.": "持续上传，直到试验结束；带 -d 时也包括新的试验。",
    "Download trials as the directories that were uploaded. Resumes where it was cut off.": (
        "下载试验，得到与上传时相同的目录。支持断点续传。"
    ),
    "Names or ids on the server, or their beginnings; '-' reads them from stdin.": (
        "服务器上的名称、ID 或其开头部分；'-' 表示从 stdin 读取。"
    ),
    "The working directory to put them in: DIR/.aimd/trials.": "存放试验的工作目录：DIR/.aimd/trials。",
    # aimd artifact
    "List, compare, name, upload and download artifacts.": "列出、比较、命名、上传和下载制品。",
    "List the server's artifacts.": "列出服务器上的制品。",
    "List artifacts by name, newest first within a name. Exits with 8 if some are damaged.": (
        "按名称列出制品，同名制品中最新的在前。若有损坏的制品，退出码为 8。"
    ),
    "Also show type, aliases and editor.": "同时显示类型、别名和编辑者。",
    "The directory of an artifact; repeatable.": "制品的目录；可重复指定。",
    "The id of an artifact, or a unique prefix of it; repeatable.": "制品的 ID 或其唯一前缀；可重复指定。",
    "The directory of a name, for all its artifacts; repeatable.": "某个名称的目录，表示其中的所有制品；可重复指定。",
    "A name, for all its artifacts; repeatable.": "制品名称，表示该名称的所有制品；可重复指定。",
    "Describe artifacts: type, version, aliases, times, and the parts you ask for.": (
        "描述制品：类型、版本、别名、时间，以及您指定的部分。"
    ),
    "Show the servers that have it.": "显示保存有该制品的服务器。",
    "Show the objects and references.": "显示对象和引用。",
    "Upload artifacts; from then on they cannot change. Safe to repeat: an upload that was cut off continues.": (
        "上传制品；此后制品不可更改。可放心重复执行：中断的上传会继续。"
    ),
    "Download artifacts, or what is missing of them here. Resumes where it was cut off.": (
        "下载制品，或本地缺少的部分。中断后从断点继续。"
    ),
    "The working directory to put them in: DIR/.aimd/artifacts.": "存放制品的工作目录：DIR/.aimd/artifacts。",
    "Read every byte of artifacts and compare it with what was added or downloaded. Changes nothing.": (
        "读取制品的每个字节，与添加或下载时的内容比较。不做任何更改。"
    ),
    "Without names, checks all artifacts here. Exits with 6 if there is damage, with 1 if the server has something else,"
    " with 5 if the server of a reference gave no answer.": (
        "不指定名称时检查此处的所有制品。有损坏时以 6 退出，服务器上的内容不同时以 1 退出，引用所在的服务器没有应答时以 5 退出。"
    ),
    "Also compare with what the server has.": "同时与服务器上的内容比较。",
    "Show which objects and references differ: added, removed or changed. Reads digests, not bytes.": (
        "显示哪些对象和引用不同：新增、移除或更改。只比较摘要，不读取内容。"
    ),
    "Give an artifact aliases. An alias that another version had moves to it, in one step.": (
        "为制品设置别名；若该别名原先属于另一版本，会一步移到此处。"
    ),
    "The aliases to add.": "要设置的别名。",
    "Remove this name from it; repeatable.": "移除此别名；可重复指定。",
    "Delete artifacts from this disk, or move those of the server to its trash. Asks first.": (
        "删除本地磁盘上的制品，或将服务器上的制品移入其回收站。执行前会询问。"
    ),
    "Restore artifacts from the server's trash.": "从服务器的回收站恢复制品。",
    "Show what an artifact or a trial was made from, and what was made from it.": (
        "显示制品或试验的来源，以及由它产生的内容。"
    ),
    "How many steps to show, each way.": "向两个方向各显示多少步。",
    "Print the graph in this language.": "以此语言打印关系图。",
    # aimd folder
    "List, create, move and share folders on the server.": "列出、创建、移动和共享服务器上的文件夹。",
    "List the folders in a folder, with how many trials are in each and below.": (
        "列出文件夹中的文件夹，以及其中（含下级）的试验数。"
    ),
    "List the folders in the trash.": "列出回收站中的文件夹。",
    "List what others share with you.": "列出他人共享给您的内容。",
    "Show the folders below a folder as a tree, with how many trials are in each and below.": (
        "以树状显示文件夹的下级文件夹，以及其中（含下级）的试验数。"
    ),
    "Show the trials in them, too.": "同时显示其中的试验。",
    "How many levels to show.": "显示的层数。",
    "Print only the id of a folder.": "仅打印文件夹的 ID。",
    "A folder's path, such as vision or team:/vision, or its id.": "文件夹的路径（例如 vision 或 team:/vision）或 ID。",
    "Create a folder and print its id.": "创建文件夹并打印其 ID。",
    "The path of the new folder.": "新文件夹的路径。",
    "Create missing parents too; no error if the folder exists.": "同时创建缺少的上级文件夹；文件夹已存在时不报错。",
    "Rename or move a folder with everything in it. The new parent folder must exist.": (
        "重命名或移动文件夹及其全部内容。目标上级文件夹必须存在。"
    ),
    "Its new path.": "新的路径。",
    "Move a folder to the trash, with its folders and trials. Asks first; needs --yes without a terminal.": (
        "将文件夹连同其中的文件夹和试验移至回收站。会先询问；没有终端时需要 --yes。"
    ),
    "Restore a folder from the trash, with everything that was in it.": "从回收站恢复文件夹及其全部内容。",
    "The path that it had, its name, or its id or the beginning of it.": "原来的路径、名称，ID 或其开头部分。",
    "Set or print the note of a folder, its report in Markdown; without PATH, print that of the directory.": (
        "设置或打印文件夹的报告（Markdown）；不写 PATH 时打印当前目录的报告。"
    ),
    "Show the report of a folder or of this directory, or write it as one HTML file, which opens without a server.": (
        "显示文件夹或当前目录的报告，或将其写成单个 HTML 文件，无需服务器即可打开。"
    ),
    "Write one HTML file; '-' for stdout.": "写入单个 HTML 文件；'-' 表示标准输出。",
    "A folder's path, such as vision or team:/vision, or its id; by default this directory.": (
        "文件夹的路径，例如 vision 或 team:/vision，或其 ID；默认为当前目录。"
    ),
    "The directory whose report it is, kept in .aimd there.": "报告所在的目录，报告保存在其 .aimd 中。",
    "Share a folder with a user, a group, or anyone who has a link's key. Sharing again replaces the role.": (
        "将文件夹共享给用户、用户组或持有链接密钥的人。再次共享会更新角色。"
    ),
    "The user to share with.": "共享给的用户。",
    "What they may do with it and everything in it.": "对该文件夹及其全部内容的权限。",
    "A group instead of a user.": "用户组（代替用户）。",
    "Create and print a key that lets anyone you give it to view the folder.": "创建并打印一个密钥，持有它的人可以查看该文件夹。",
    "With --link: how many days it is valid.": "与 --link 一起使用：有效天数。",
    "Stop sharing, effective with the next request.": "取消共享：从下一个请求起失效。",
    "The number of a share, such as a link's.": "共享的编号，例如链接的编号。",
    "List who a folder is shared with. Shares of a parent folder are listed there.": (
        "列出文件夹共享给了谁。上级文件夹的共享在上级文件夹处列出。"
    ),
    # aimd server
    "s3://BUCKET/PREFIX?endpoint=URL for large objects.": "存放大对象的 s3://BUCKET/PREFIX?endpoint=URL。",
    "Run your own AIMD server and manage its accounts.": "运行您自己的 AIMD 服务器并管理其账户。",
    "Run the server in this process until stopped (Ctrl-C or SIGTERM).": (
        "在当前进程中运行服务器，按 Ctrl-C（或发送 SIGTERM）停止。"
    ),
    "Prints its address on stdout once it is ready. Nothing is open by default: create a user and"
    " a key first. Every setting can also come from the environment: AIMD_SERVER_PORT=8000.": (
        "就绪后在 stdout 上打印地址。默认不开放任何访问：请先创建用户和 API Key。所有设置也可以来自环境变量：AIMD_SERVER_PORT=8000。"
    ),
    "Where the server keeps its data; by default the user's data directory.": "服务器存放数据的位置；默认为用户数据目录。",
    "The address to listen on. [default: 127.0.0.1]": "监听的地址。[默认：127.0.0.1]",
    "The port; 0 picks a free one. [default: 2463]": "端口；0 表示任选一个空闲端口。[默认：2463]",
    "A host name that requests may use; repeatable.": "允许请求使用的主机名；可重复指定。",
    "A proxy (or network) whose X-Forwarded-* is trusted; repeatable.": (
        "受信任的代理（或网段），采用其 X-Forwarded-*；可重复指定。"
    ),
    "Where clients reach the object store, to download large contents from it.": "客户端访问对象存储的地址，用于直接下载较大的内容。",
    "Days until what was deleted is gone for good. [default: 30]": "删除的内容在多少天后永久清除。[默认：30]",
    "The log format. [default: text]": "日志的格式。[默认：text]",
    "The log level. [default: warning]": "日志级别。[默认：warning]",
    "Settings in YAML; options and environment win. [default: DIR/server.yaml]": (
        "YAML 格式的设置文件；选项和环境变量优先。[默认：DIR/server.yaml]"
    ),
    "The path prefix under which a proxy forwards requests.": "代理转发全部请求的路径前缀。",
    "postgresql://USER@HOST/NAME, without a password.": "postgresql://USER@HOST/NAME，不含密码。",
    "Show whether a server runs on a data directory, and what is in it.": "显示数据目录上是否有服务器在运行，以及其中的内容。",
    "Check everything: the database, its references, every byte against its digest. Changes nothing.": (
        "检查全部数据：数据库、引用关系、每个字节及其摘要。不做任何修改。"
    ),
    "Works while the server runs. Exits with 6 if something is damaged.": "可在服务器运行时使用。有损坏时退出码为 6。",
    "Write all data, as of one moment, to one file. Works while the server runs.": (
        "将某一时刻的全部数据写入一个文件。可在服务器运行时使用。"
    ),
    "The backup file to write; it must not exist yet.": "要写入的备份文件，不能已经存在。",
    "Restore a data directory from a backup. What is there already is kept under another name.": (
        "从备份恢复数据目录。已有的数据会以另一名称保留。"
    ),
    "A file that `aimd server backup` wrote.": "由 `aimd server backup` 写入的文件。",
    "Copy the data of a stopped server to an empty database, and verify all of it.": (
        "将已停止的服务器的数据复制到一个空的数据库，并核对全部数据。"
    ),
    "All or nothing: if it is killed, the target stays empty and the same command starts over. "
    "The source is only read. To move back to SQLite, give a directory as the target.": (
        "要么全部完成，要么什么都不做：中途被终止时目标保持为空，重新运行同一命令即可。源数据只会被读取。以目录为目标即可迁回 SQLite。"
    ),
    "postgresql://USER@HOST/NAME without a password, or a directory.": "postgresql://USER@HOST/NAME（不含密码），或一个目录。",
    "Bring back access that was taken away since the backup, too.": "同时恢复备份之后收回的访问权限。",
    (
        "Nothing changes unless the backup is intact, byte for byte. Keys revoked, users disabled or removed, and shares "
        "withdrawn since the backup stay so, and are listed."
    ): "只有备份逐字节完好时才会更改数据。备份之后吊销的 API Key、禁用或删除的用户、撤回的共享保持原状，并逐一列出。",
    "s3://BUCKET/PREFIX?endpoint=URL to copy large objects to, too.": "同时将大对象复制到此处：s3://BUCKET/PREFIX?endpoint=URL。",
    "Manage the users of the server.": "管理服务器的用户。",
    "Add a user.": "添加用户。",
    "The user's name.": "用户名。",
    "Allow reading the audit log and the server's metrics over HTTP.": "允许通过 HTTP 读取审计日志和服务器的运行指标。",
    "List the users.": "列出用户。",
    "Disable a user, effective with the next request. Data and keys stay.": (
        "禁用用户，从下一个请求起生效。其数据和 API Key 保留。"
    ),
    "Undo `disable`.": "撤销 `disable`。",
    "Allow a user to read the audit log and the server's metrics.": "允许用户读取审计日志和服务器的运行指标。",
    "Undo `promote`.": "撤销 `promote`。",
    "Permanently delete a user with all their folders, trials and keys. Asks first; needs --yes without a terminal.": (
        "永久删除用户及其所有文件夹、试验和 API Key。会先询问；没有终端时需要 --yes。"
    ),
    "Manage the API keys of users.": "管理用户的 API Key。",
    "Create an API key and print only the key on stdout. It is shown just once; the server keeps only its hash.": (
        "创建 API Key 并仅将其打印到 stdout。它只显示这一次；服务器仅保存其哈希值。"
    ),
    "The user the key belongs to.": "API Key 所属的用户。",
    "How long it is valid: 12h, 90d, 8w. [default: forever]": "有效期：12h、90d、8w。[默认：永久]",
    "What it allows.": "权限范围。",
    "A name to recognise it by.": "便于识别的名称。",
    "List keys by number; only their owners know the keys themselves.": (
        "按编号列出 API Key；API Key 本身只有其所有者知道。"
    ),
    "Bound how many bytes of files and artifacts users and folders may hold.": (
        "限制用户和文件夹可以保存多少字节的文件和制品。"
    ),
    "A folder of the user's; by default everything of theirs.": "该用户的一个文件夹；默认为其全部内容。",
    "Such as 500GB (10^9 bytes each) or 1.5TiB (2^40).": "例如 500GB（每 GB 为 10^9 字节）或 1.5TiB（每 TiB 为 2^40 字节）。",
    "Set how many bytes of files and artifacts a user, or a folder of theirs and everything below, may hold.": (
        "设置用户或其某个文件夹（含其下所有内容）可以保存多少字节的文件和制品。"
    ),
    "Takes effect with the next request. What is there stays, even if it is more. Metrics and output do not count.": (
        "从下一个请求起生效。已有的内容即使超出也会保留。指标和输出不计入。"
    ),
    "List the quotas, and how many bytes are used of each.": "列出配额及各自已用的字节数。",
    "Remove the quota of a user, or of a folder of theirs.": "取消用户或其某个文件夹的配额。",
    "Only this user's keys.": "仅此用户的 API Key。",
    "Revoke a key, effective with the next request.": "撤销 API Key，从下一个请求起生效。",
    "The key's number in `aimd server key ls`.": "API Key 在 `aimd server key ls` 中的编号。",
    "Manage groups, to share with many users at once.": "管理用户组，以便一次共享给多人。",
    "Add a group.": "添加用户组。",
    "The group's name.": "用户组的名称。",
    "List the groups and their members.": "列出用户组及其成员。",
    "Add a user to a group.": "将用户加入用户组。",
    "Remove a user from a group, effective with the next request.": "将用户移出用户组，从下一个请求起生效。",
    "Delete a group, and with it what was shared with it.": "删除用户组；共享给它的内容不再共享。",
    "Let the y axis show every point, even a few that are ten times as far as all others.": "y 轴显示所有的点，包括少数十倍于其他点的离群点。",
    "NAME[:VERSION] or ids of artifacts in the server's trash, or their beginnings.": "服务器回收站中制品的 NAME[:VERSION] 或 ID，也可只写开头。",
    "An artifact, as in describe, or else a trial, as in trial describe.": "制品（写法同 describe），否则为试验（写法同 trial describe）。",
    "As in describe.": "写法同 describe。",
    "Look up names on the active server.": "在当前服务器上查找名称。",
    "NAME[:TAG], an id, or their beginnings, a path, or SERVER:/FOLDER/NAME[:TAG]. Without a tag: the newest.": "NAME[:TAG]、ID 或其开头，路径，或 SERVER:/FOLDER/NAME[:TAG]。不写 TAG 时取最新版本。",
    "The directory that holds .aimd, or one of artifacts; SERVER:/FOLDER, or a folder with --remote. [default: .]": "包含 .aimd 的目录，或制品所在的目录；SERVER:/FOLDER，或与 --remote 一起使用的文件夹。[默认：.]",
    "The one to compare with, likewise.": "与之比较的制品，写法相同。",
    "[FOLDER/]NAME[:TAG] on the server, an id, or their beginnings, or SERVER:/FOLDER/NAME[:TAG].": "服务器上的 [FOLDER/]NAME[:TAG]、ID 或其开头，或 SERVER:/FOLDER/NAME[:TAG]。",
    "What the x axis shows: step, epoch, time, a metric, or a parameter (params.lr).": "x 轴：step、epoch、time、某个指标或超参数（params.lr）。",
    "Draw two fields against each other, a point per trial.": "以两个字段为坐标，每个试验一个点。",
    "With --scatter: a letter and a colour for each value of it.": "与 --scatter 一起使用：该字段的每个值用一个字母和颜色表示。",
    "Draw how the points of a metric are distributed, or over trials a field such as val.acc.max.": "绘制指标各点的分布；对 val.acc.max 这样的字段，则是各试验的分布。",
    "Draw each trial as a line across the parameters that differ, and the metric.": "将每个试验画成一条线，穿过各个不同的超参数和该指标。",
    "Draw the metrics of a trial whose names have this part, a line each.": "绘制一个试验中名称含此部分的指标，每个一行。",
    "Show the charts in the browser instead: in the local console, or in that of the server.": "改为在浏览器中显示图表：本地控制台，或服务器的控制台。",
    "Also ask the servers of https:// references for size and ETag.": "同时向 https:// 引用的服务器查询大小和 ETag。",
    "List what a trial recorded besides numbers, and show it: pictures, tables, texts, histograms.": "列出并显示试验在数值之外记录的内容：图片、表格、文本、直方图。",
    "Pictures appear in the terminal, as fine as it can show them. Sound, video and HTML are saved or opened.": "图片直接显示在终端中，精细程度取决于终端。声音、视频和 HTML 可保存或打开。",
    "What to show: a key such as val/samples, or its beginning.": "要显示的内容：val/samples 之类的键，或其开头。",
    "The step, with MEDIA the last one by default; without MEDIA, list what is there.": (
        "步数；指定 MEDIA 时默认为最后一步，不指定 MEDIA 时列出该步的内容。"
    ),
    "Only this one of several at a step, from 0.": "同一步有多个时只取这一个，从 0 开始。",
    "Show at most this many rows of a table (0: all).": "表格最多显示的行数（0 表示不限）。",
    "Sort a table by this column; -COLUMN: the largest first.": "按此列排序表格；-COLUMN 表示从大到小。",
    "Save them as files there; without MEDIA, all.": "保存为该目录中的文件；不写 MEDIA 时保存全部。",
    "Open them with the programs of this system. HTML may run scripts there.": "用系统中的程序打开。HTML 可能会运行脚本。",
}
