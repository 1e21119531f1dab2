"""Help: of every command, of its options and arguments, and what Typer and Click say around it."""

from __future__ import annotations

COMMANDS: dict[str, str] = {
    # Around every help
    "Usage: ": "用法：",
    "{heading}:": "{heading}：",
    "Options": "选项",
    "Arguments": "参数",
    "Commands": "命令",
    "Examples:": "示例：",
    "default: {default}": "默认：{default}",
    "required": "必需",
    "Show this message and exit.": "显示此帮助并退出。",
    "Error: {message}": "错误：{message}",
    "Try '{command}' for help.": "请用 '{command}' 查看帮助。",
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
    "Say more on stderr.": "在 stderr 上输出更多信息。",
    "Install completion for this shell, or for one named behind it: bash, zsh, fish, powershell.": (
        "为当前 shell 或其后指定的 shell（bash、zsh、fish、powershell）安装自动补全。"
    ),
    "Print what that would install.": "打印将要安装的补全脚本。",
    "Show the traceback of an error.": "出错时显示调用栈。",
    # Shared options
    "A trial's directory; may be repeated.": "试验的目录；可重复给出。",
    "Alternative names, unique prefixes of them or of ids, or paths; '-' reads names from stdin.": (
        "替代名称、替代名称或 ID 的唯一前缀，或路径；'-' 表示从 stdin 读取名称。"
    ),
    "A trial's alternative name, a unique prefix of it or of its id; repeatable.": (
        "试验的替代名称、替代名称或 ID 的唯一前缀；可重复给出。"
    ),
    "Include points that were superseded when a trial went on from an earlier step.": "包括试验从较早步数继续时被取代的数据点。",
    "Where names are looked up; alone, all trials in it are meant.": "在此目录中查找名称；单独给出时表示其中的所有试验。",
    "The server to use, or part of the address of one that `aimd login` knows.": (
        "要使用的服务器，或 `aimd login` 已知的服务器地址的一部分。"
    ),
    "Print one JSON document.": "输出一个 JSON 文档。",
    "How many trials at once.": "同时处理多少个试验。",
    "Do not ask.": "不询问。",
    "A name, a unique prefix, an id, or a path.": "名称、唯一前缀、ID 或路径。",
    "Only this metric; repeatable.": "仅此指标；可重复给出。",
    # aimd login, logout, relay, help, console
    "Sign in to a server: check the key, then save both to the SDK config file.": (
        "登录到服务器：先验证 API Key，再将服务器地址和 API Key 保存到 SDK 配置文件。"
    ),
    "Without -k the key is asked for, unseen. Servers signed in to before are kept: see `aimd config hosts`.": (
        "不带 -k 时会询问 API Key，输入不显示。之前登录过的服务器会保留：参见 `aimd config hosts`。"
    ),
    "The API key; '-' reads it from stdin, '@FILE' from a file.": "API Key；'-' 表示从 stdin 读取，'@FILE' 表示从文件读取。",
    "Only tell who is signed in where, asking the server.": "仅询问服务器，显示谁登录到了哪里。",
    "Remove the API key from the SDK config file. Other servers' keys stay.": (
        "从 SDK 配置文件中移除 API Key。其他服务器的 API Key 保留。"
    ),
    "The server to leave, or part of its address. [default: active one]": (
        "要退出的服务器，或其地址的一部分。[默认：当前服务器]"
    ),
    "Forget the server's address too.": "同时移除服务器的地址。",
    "Keep all trials below a directory uploaded: for a login node, while compute nodes have no network.": (
        "持续上传某个目录下的所有试验：用于计算节点没有网络时的登录节点。"
    ),
    "It only lists, stats and reads; it takes no locks and follows no links, so it works on network file systems.": (
        "它只列出、查询和读取文件，不加锁，也不跟随链接，因此可用于网络文件系统。"
    ),
    "Where working directories lie, at any depth.": "工作目录所在的位置，深度不限。",
    "Upload what there is now, and end.": "上传现有的数据，然后结束。",
    "How long to wait between two looks.": "两次查看之间等待多久。",
    "Explain a topic or a command; alone, list the topics.": "解释一个主题或命令；单独使用时列出所有主题。",
    "A topic, or the words of a command.": "主题，或命令的各个词。",
    "Show local trials in the browser, live, until it is stopped (Ctrl-C or SIGTERM).": (
        "在浏览器中实时展示本地试验，直到被停止（Ctrl-C 或 SIGTERM）。"
    ),
    "It runs a private server for you alone on this machine and prints its address, which opens the console once. Trials "
    "are only shown: change them with `aimd trial tag`, `note`, `rename`, `rm`, and the console follows within a second.": (
        "它在本机上运行一个仅供您使用的私有服务器并打印其地址，该地址只能打开控制台一次。"
        "试验仅供查看：请用 `aimd trial tag`、`note`、`rename`、`rm` 进行修改，控制台会在一秒内更新。"
    ),
    "Where .aimd lies, or a directory of trials.": ".aimd 所在的目录，或存放试验的目录。",
    "Where to listen; 0 takes a free port.": "监听的端口；0 表示任选一个空闲端口。",
    "Do not open the browser; only print the address.": "不打开浏览器，仅打印地址。",
    # aimd config
    "Look at and change settings and servers.": "查看和修改设置与服务器。",
    "List every setting, its value and which source won: environment over file. Secrets are masked.": (
        "列出所有设置、其值及生效的来源：环境变量优先于文件。机密值会被遮盖。"
    ),
    "Show the variable or file that each comes from, and what lost.": "显示每个值来自哪个变量或文件，以及被覆盖的来源。",
    "Print the value of a setting that is in force; a key is masked.": "打印当前生效的设置值；API Key 会被遮盖。",
    "aimd_host, api_key or asset_hub_host.": "aimd_host、api_key 或 asset_hub_host。",
    "Set a setting in the file. Another aimd_host takes its own key along, never that of the old one.": (
        "在文件中修改一项设置。更换 aimd_host 时使用其自己的 API Key，绝不沿用旧服务器的。"
    ),
    "The value; for api_key also '-' (stdin) or '@FILE'.": "设置的值；api_key 还可以是 '-'（stdin）或 '@FILE'。",
    "Remove a setting from the file. A server that was active stays known: see `aimd config hosts`.": (
        "从文件中移除一项设置。原先的当前服务器仍会保留：参见 `aimd config hosts`。"
    ),
    "List the servers signed in to; '*' marks the active one. Keys are never shown.": (
        "列出已登录的服务器，'*' 标记当前服务器。从不显示 API Key。"
    ),
    "Make a known server the active one, where every command goes unless told otherwise.": (
        "将一个已知服务器设为当前服务器；除非另行指定，所有命令都使用它。"
    ),
    "A known server, or a part that fits one only.": "已知的服务器，或只匹配其中一个的部分地址。",
    "Edit the SDK config file in $VISUAL or $EDITOR; it is checked before it replaces the old one.": (
        "用 $VISUAL 或 $EDITOR 编辑 SDK 配置文件；检查无误后才会替换旧文件。"
    ),
    "Print where the SDK config file is, or would be.": "打印 SDK 配置文件的（预期）位置。",
    # aimd trial
    "See, compare, mark, keep and upload trials.": "查看、比较、标记、保存和上传试验。",
    "List trials, newest first, with what tells them apart.": "列出试验，最新的在前，并显示它们的不同之处。",
    "The directory that holds .aimd, or trials. [default: .]": ".aimd 所在的目录，或存放试验的目录。[默认：.]",
    "Show every parameter, not only those that differ.": "显示所有超参数，而不仅是有差异的。",
    "Only trials that fulfil a query; see `aimd help query`.": "仅显示满足查询的试验；语法见 `aimd help query`。",
    "Fields to sort by, '-' in front for the largest first.": "排序依据的字段，前面加 '-' 表示从大到小。",
    "Fields to show, with commas, instead of the usual ones.": "要显示的字段（以逗号分隔），代替通常的字段。",
    "Only parameters and metrics that tell the trials apart.": "仅显示能区分各试验的超参数和指标。",
    "List the server's trials.": "列出服务器上的试验。",
    "With --remote: only this folder and below.": "与 --remote 一起使用：仅此文件夹及其下级。",
    "Show at most so many; 0: all. [50 on a terminal]": "最多显示多少个；0 表示全部。[在终端上为 50]",
    "Keep showing what changes, until Ctrl-C.": "持续显示变化，直到按下 Ctrl-C。",
    "With --watch: how often to look.": "与 --watch 一起使用：多久查看一次。",
    "Print alternative names only (ids with --remote).": "仅打印替代名称（带 --remote 时为 ID）。",
    "Print the table in this form.": "以此格式打印表格。",
    "Describe trials: state, times, and the parts that are asked for.": "描述试验：状态、时间，以及所要求的各个部分。",
    "Show platform, packages and git.": "显示平台、软件包和 git 信息。",
    "Show the parameters.": "显示超参数。",
    "Show the metrics.": "显示指标。",
    "Show all of these.": "显示以上全部。",
    "The same as describe.": "与 describe 相同。",
    "Watch trials on a live screen: filter, sort, compare their curves, read their output. Press ? for all keys.": (
        "在实时界面中观察试验：筛选、排序、比较曲线、阅读输出。按问号键查看所有按键。"
    ),
    "It needs a terminal and the extra `ui`: pip install 'aimd-cli[ui]'. Everything it shows, other commands print: "
    "`aimd trial ls --watch`, `plot --watch`, `logs -f`, `describe`.": (
        "它需要终端和附加组件 `ui`：pip install 'aimd-cli[ui]'。它显示的一切也可由其他命令打印："
        "`aimd trial ls --watch`、`plot --watch`、`logs -f`、`describe`。"
    ),
    "Begin with this filter; `/` changes it.": "以此筛选条件开始；按 `/` 修改。",
    "Sort by it, '-' in front for the largest first.": "按此排序，前面加 '-' 表示从大到小。",
    "The metric of the chart.": "图表所绘的指标。",
    "How often to look.": "多久查看一次。",
    "Draw metrics of trials. Letters and dashes tell curves apart, also without colour.": (
        "绘制试验的指标。曲线以字母和虚线区分，没有颜色也能辨认。"
    ),
    "Such as val.loss; repeatable. [default: the main one]": "例如 val.loss；可重复给出。[默认：主要指标]",
    "What the x axis counts.": "x 轴的含义。",
    "Make the y axis logarithmic.": "y 轴使用对数刻度。",
    "Draw a moving average, as 0.9.": "绘制滑动平均，例如 0.9。",
    "Height of the drawing.": "图的高度。",
    "Draw again as points come, until the trials end.": "随着新数据点的到来重新绘制，直到试验结束。",
    "Compare trials: only what differs, metrics side by side, the best marked.": (
        "比较试验：仅显示差异，指标并排展示，并标出最佳值。"
    ),
    "Put trials together: 'params.lr' or 'all but params.seed'.": "将试验分组：'params.lr' 或 'all but params.seed'。",
    "Which way is better, where the name does not say.": "当从名称看不出时，指明哪个方向更好。",
    "Which value of each metric counts.": "采用各指标的哪个值。",
    "Show also what is the same in all.": "同时显示各试验相同的内容。",
    "For a document.": "用于文档的格式。",
    "Print what a trial printed, without its colours and control bytes.": "打印试验的输出，去除颜色和控制字符。",
    "Go on as it grows, until the trial ends.": "随输出增长持续打印，直到试验结束。",
    "Only the last lines.": "仅最后若干行。",
    "Tag trials. A tag is one word, such as baseline or lr-sweep.": "为试验添加标签。标签是一个词，例如 baseline 或 lr-sweep。",
    "The trial ('-': names on stdin), unless -n, -p or -d names it.": (
        "试验（'-' 表示从 stdin 读取名称），除非由 -n、-p 或 -d 指定。"
    ),
    "Take the tags away.": "移除这些标签。",
    "Set the note of a trial, or print it.": "设置或打印试验的备注。",
    "The note; '-' reads it from stdin, '' takes it away.": "备注；'-' 表示从 stdin 读取，'' 表示移除。",
    "Rename a trial that has ended: its metadata and its directory. Date, suffix and id stay.": (
        "重命名已结束的试验：修改其元数据和目录。日期、后缀和 ID 不变。"
    ),
    "The new name, without date and suffix.": "新名称，不含日期和后缀。",
    "Also one that is Lost, and may still run on another host.": "也包括状态为 Lost、可能仍在其他主机上运行的试验。",
    "Move trials to the trash, .aimd/trash. Asks first; `aimd trial restore` brings them back.": (
        "将试验移至回收站 .aimd/trash。会先询问；可用 `aimd trial restore` 恢复。"
    ),
    "Do not ask. Needed where there is nobody to ask.": "不询问。无人可询问时必须给出。",
    "Bring trials back from the trash. Nothing is ever overwritten.": "从回收站恢复试验。绝不覆盖任何内容。",
    "Alternative names, or unique prefixes; '-' reads stdin.": "替代名称或唯一前缀；'-' 表示从 stdin 读取。",
    "See and empty the trash.": "查看和清空回收站。",
    "List what is in the trash.": "列出回收站中的内容。",
    "Delete what is in the trash for good. Asks first.": "永久删除回收站中的内容。会先询问。",
    "Only what was removed longer ago, such as 30d or 12h.": "仅删除更早之前移入的内容，例如 30d 或 12h。",
    "Export points: a row a value, or with --wide a row a step. All points, nothing rounded.": (
        "导出数据点：每个值一行；带 --wide 时每步一行。导出所有数据点，不做舍入。"
    ),
    "[default: by the file's name, else csv]": "[默认：由文件名决定，否则为 csv]",
    "A row a step, a column a metric.": "每步一行，每个指标一列。",
    "[default: stdout]": "[默认：stdout]",
    "Replace FILE when it is there.": "当 FILE 已存在时替换它。",
    "Import the runs of another tracker as trials: values, steps, times, parameters, tags and how they ended.": (
        "将其他跟踪工具的运行记录导入为试验：值、步数、时间、超参数、标签以及结束方式。"
    ),
    "Reads TensorBoard event files, .wandb files (offline runs too), MLflow stores (mlruns, mlflow.db) and CSV tables; "
    "none of those libraries is needed, and the source is never changed. What is not a number is left out and counted "
    "by kind. A file that cannot be read is named, and the rest is imported (exit code 8). Importing the same runs "
    "again changes nothing; what a run has gained since is appended.": (
        "支持 TensorBoard 事件文件、.wandb 文件（含离线运行）、MLflow 存储（mlruns、mlflow.db）和 CSV 表格；无需安装"
        "这些库，也不会改动源文件。非数字内容会被略去，并按种类计数。无法读取的文件会逐一列出，其余照常导入（退出码"
        "为 8）。重复导入同一批运行不会产生任何变化；运行新增的内容会追加到已有试验。"
    ),
    "A file, or a directory that holds such files.": "文件，或存放此类文件的目录。",
    "What wrote it.": "数据来源的工具。",
    "The trial's name, when there is one run.": "试验名称，仅当只有一个运行记录时可用。",
    "Where the trials go: below .aimd there.": "试验存放的位置：该目录的 .aimd 之下。",
    "Check a condition: exit code 0 when it holds for every trial named, 1 when it does not.": (
        "检查条件：对所有指定的试验都成立时退出码为 0，否则为 1。"
    ),
    "The condition is a query; the right of a comparison may be arithmetic with best(SELECTOR), worst(..), mean(..).": (
        "条件是一个查询；比较的右侧可以是包含 best(SELECTOR)、worst(..)、mean(..) 的算式。"
    ),
    "Trials ('-': names on stdin), then what must hold.": "试验（'-' 表示从 stdin 读取名称），然后是必须成立的条件。",
    "Wait until a condition holds for every trial named. Exit code 1 when that can no longer be, or takes too long.": (
        "等待，直到条件对所有指定的试验成立。当不再可能成立或等待过久时，退出码为 1。"
    ),
    "What to wait for. [default: that it has ended]": "等待的条件。[默认：试验已结束]",
    "Give up after so long, such as 2h; exit code 1.": "等待这么久之后放弃，例如 2h；退出码为 1。",
    "Look so often.": "查看的间隔。",
    "Read every byte of every file of trials and name what is damaged, with line numbers. Changes nothing.": (
        "读取试验所有文件的每个字节，并指出损坏之处及行号。不做任何修改。"
    ),
    "Names nothing: all trials here. Exit code 6 when there is damage.": (
        "未指定试验时检查此处的所有试验。有损坏时退出码为 6。"
    ),
    "Upload trials, or what is new of them. Safe to repeat, also while a trial runs.": (
        "上传试验或其新增的数据。可安全地重复执行，试验运行期间也可以。"
    ),
    "The folder to upload to; wins over -P.": "上传到的文件夹；优先于 -P。",
    "The folder to upload to.": "上传到的文件夹。",
    "Make the folder and its parents when missing.": "文件夹及其上级不存在时自动创建。",
    "When the name is taken there. [default: what the trial says, or new]": (
        "当名称在目标处已被占用时的处理方式。[默认：试验自己的设定，否则为 new]"
    ),
    "Say what would be done; change nothing.": "仅说明将要做什么，不做任何修改。",
    "Prove that the server has the same; change nothing, exit 1 if not.": (
        "验证服务器上的数据与本地相同；不做任何修改，不同时退出码为 1。"
    ),
    "Go on until the trials have ended; new ones are noticed with -d.": "持续上传，直到试验结束；带 -d 时会留意新的试验。",
    "Download trials: the same directories that were uploaded. Cut off, it goes on where it was.": (
        "下载试验：与上传时相同的目录。中断后可从断点继续。"
    ),
    "Ids or names on the server; '-' reads them from stdin.": "服务器上的 ID 或名称；'-' 表示从 stdin 读取。",
    "The working directory to put them in: DIR/.aimd/trials.": "存放试验的工作目录：DIR/.aimd/trials。",
    # aimd folder
    "The server's folders: list, make, move, share.": "服务器上的文件夹：列出、创建、移动、共享。",
    "List the folders in a folder.": "列出文件夹中的文件夹。",
    "List what others share with you.": "列出他人共享给您的内容。",
    "Show the folders below a folder as a tree.": "以树形显示文件夹的下级文件夹。",
    "So many levels down.": "显示的层数。",
    "Print the id of a folder, alone.": "仅打印文件夹的 ID。",
    "A folder's path, or its id.": "文件夹的路径或 ID。",
    "Make a folder and print its id.": "创建文件夹并打印其 ID。",
    "The path of the new folder.": "新文件夹的路径。",
    "Make missing parents too; being there already is no error.": "同时创建不存在的上级文件夹；已存在时不算错误。",
    "Rename or move a folder, with all in it. The folder that it goes into must be there.": (
        "重命名或移动文件夹及其全部内容。目标上级文件夹必须存在。"
    ),
    "Its path afterwards.": "新的路径。",
    "Put a folder into the trash, with its folders and trials. Asks first; without a terminal it needs --yes.": (
        "将文件夹连同其中的文件夹和试验移至回收站。会先询问；没有终端时需要 --yes。"
    ),
    "Bring a folder back from the trash, with all that was in it.": "从回收站恢复文件夹及其全部内容。",
    "The id of the folder that was deleted.": "被删除的文件夹的 ID。",
    "Share a folder with a user, a group, or whoever has a link's key. A role given again takes the old one's place.": (
        "将文件夹共享给用户、用户组或持有链接密钥的人。再次给出的角色会取代旧的角色。"
    ),
    "The user to share with.": "共享给的用户。",
    "What they may do with it and all in it.": "对该文件夹及其全部内容的权限。",
    "A group, in place of a user.": "用户组，代替用户。",
    "Make a key for viewing, for whoever you give it to, and print it.": "创建并打印一个仅供查看的密钥，可交给任何人使用。",
    "With --link: so many days.": "与 --link 一起使用：有效天数。",
    "Take a share away: from the next request on it gives nothing.": "取消共享：从下一个请求起失效。",
    "A share by its number, such as a link's.": "以编号指定的共享，例如链接。",
    "List with whom a folder itself is shared. What a folder above it gives is listed there.": (
        "列出文件夹自身共享给了谁。由上级文件夹带来的共享在上级文件夹处列出。"
    ),
    # aimd server
    "s3://BUCKET/PREFIX?endpoint=URL for large objects.": "存放大对象的 s3://BUCKET/PREFIX?endpoint=URL。",
    "Run your own AIMD server, and its accounts.": "运行您自己的 AIMD 服务器并管理其账户。",
    "Run the server in this process until it is stopped (Ctrl-C or SIGTERM).": (
        "在当前进程中运行服务器，直到被停止（Ctrl-C 或 SIGTERM）。"
    ),
    "It prints its address on stdout when it is ready. Nothing is open by default: make a user and a key first. Every "
    "setting can come from the environment too: AIMD_SERVER_PORT=8000.": (
        "就绪后会在 stdout 上打印地址。默认不开放任何访问：请先创建用户和 API Key。"
        "所有设置也可来自环境变量：AIMD_SERVER_PORT=8000。"
    ),
    "Where the server keeps its data; by default the user's data directory.": "服务器存放数据的位置；默认为用户数据目录。",
    "The address to listen on. [default: 127.0.0.1]": "监听的地址。[默认：127.0.0.1]",
    "The port; 0 takes a free one. [default: 2463]": "端口；0 表示任选一个空闲端口。[默认：2463]",
    "A name that requests may be sent to; repeatable.": "允许请求使用的主机名；可重复给出。",
    "A proxy (or network) whose X-Forwarded-* is believed; repeatable.": (
        "其 X-Forwarded-* 可被信任的代理（或网段）；可重复给出。"
    ),
    "Deleted things go for good after so long. [default: 30]": "删除的内容在多少天后永久清除。[默认：30]",
    "The form of the log. [default: text]": "日志的格式。[默认：text]",
    "How much is logged. [default: warning]": "日志的详细程度。[默认：warning]",
    "Settings as YAML; options and environment win. [default: DIR/server.yaml]": (
        "YAML 格式的设置文件；选项和环境变量优先。[默认：DIR/server.yaml]"
    ),
    "The path below which a proxy passes everything on.": "代理转发全部请求的路径前缀。",
    "postgresql://USER@HOST/NAME, without a password.": "postgresql://USER@HOST/NAME，不含密码。",
    "Say whether a server runs on a data directory, and what is in it.": "显示数据目录上是否有服务器在运行，以及其中的内容。",
    "Read everything and compare it: the database, its references, every byte with its digest. Changes nothing.": (
        "读取并核对全部数据：数据库、引用关系、每个字节及其摘要。不做任何修改。"
    ),
    "Works while the server runs. Ends with 6 when something is damaged.": "可在服务器运行时使用。有损坏时退出码为 6。",
    "Write one file with all data, as they are at one moment. Works while the server runs.": (
        "将某一时刻的全部数据写入一个文件。可在服务器运行时使用。"
    ),
    "The backup to write; must not be there yet.": "要写入的备份文件；必须尚不存在。",
    "Make a data directory from a backup. What is there already is kept beside it under another name.": (
        "从备份恢复数据目录。已有的数据会以另一名称保留在旁边。"
    ),
    "A file that `aimd server backup` wrote.": "由 `aimd server backup` 写入的文件。",
    "Copy a stopped server's data into another database that has none yet, and compare all that arrived.": (
        "将已停止的服务器的数据复制到另一个尚无数据的数据库，并核对全部到达的数据。"
    ),
    "All or nothing: killed in the middle, the target has no row, and the same command begins again. The source is only "
    "read. A directory as target is the way back to SQLite.": (
        "要么全部完成，要么全不做：中途被终止时目标中没有任何行，重新运行同一命令即可重新开始。"
        "源数据只会被读取。以目录为目标即可迁回 SQLite。"
    ),
    "postgresql://USER@HOST/NAME without a password, or a directory.": "postgresql://USER@HOST/NAME（不含密码），或一个目录。",
    "s3://BUCKET/PREFIX?endpoint=URL to copy large objects to, too.": "同时将大对象复制到此处：s3://BUCKET/PREFIX?endpoint=URL。",
    "The people who may use the server.": "可以使用服务器的用户。",
    "Add a user.": "添加用户。",
    "The user's name.": "用户名。",
    "May read the audit log and the meters over HTTP.": "可通过 HTTP 读取审计日志和计量数据。",
    "List the users.": "列出用户。",
    "Let a user do nothing more, from the next request on. Their data and keys stay.": (
        "禁止用户的一切操作，从下一个请求起生效。其数据和 API Key 保留。"
    ),
    "Undo `disable`.": "撤销 `disable`。",
    "Let a user read the audit log and the meters.": "允许用户读取审计日志和计量数据。",
    "Undo `promote`.": "撤销 `promote`。",
    "Delete a user with all folders, trials and keys of theirs, for good. Asks; without a terminal it needs --yes.": (
        "永久删除用户及其所有文件夹、试验和 API Key。会先询问；没有终端时需要 --yes。"
    ),
    "Their API keys.": "用户的 API Key。",
    "Create an API key and print it alone on stdout. It is shown this once; the server keeps only its hash.": (
        "创建 API Key 并仅将其打印到 stdout。它只显示这一次；服务器仅保存其哈希值。"
    ),
    "Whose key it is.": "API Key 所属的用户。",
    "How long it lives: 12h, 90d, 8w. [default: ever]": "有效期：12h、90d、8w。[默认：永久]",
    "What it is for.": "权限范围。",
    "A name to tell it apart by.": "用于区分的名称。",
    "List keys by their numbers; the keys themselves are known to nobody but their owners.": (
        "按编号列出 API Key；API Key 本身只有其所有者知道。"
    ),
    "Only this user's.": "仅此用户的。",
    "Make a key worthless, from the next request on.": "使 API Key 失效，从下一个请求起生效。",
    "The key's number in `aimd server key ls`.": "API Key 在 `aimd server key ls` 中的编号。",
    "Groups of people, to share with at once.": "用户组，用于一次共享给多人。",
    "Add a group.": "添加用户组。",
    "The group's name.": "用户组的名称。",
    "List the groups and their members.": "列出用户组及其成员。",
    "Make a user a member of a group.": "将用户加入用户组。",
    "Take a user out of a group, from the next request on.": "将用户移出用户组，从下一个请求起生效。",
    "Delete a group; what was shared with it no longer is.": "删除用户组；共享给它的内容不再共享。",
}
