"""What `aimd help TOPIC` says, paragraph by paragraph, lines and all."""

from __future__ import annotations

TOPICS: dict[str, str] = {
    "variables and files that aimd reads": "aimd 读取的变量和文件",
    "what the exit code of a command means": "命令退出码的含义",
    "how output looks on a terminal, in a pipe and as JSON": "终端、管道和 JSON 形式的输出格式",
    "how to select and sort trials by their contents": "如何按内容筛选和排序试验",
    "Codes keep their meaning; new ones may be added.": "退出码的含义不会改变，但可能增加新的退出码。",
    "done": "完成",
    "another failure, such as a conflict between local and server": "其他失败，例如本地与服务器之间的冲突",
    "the call is wrong: an option, an argument, a setting, or a name that matches several trials": "调用有误：选项、参数、设置，或名称匹配多个试验",
    "there is nothing by that name": "找不到该名称",
    "not signed in, not allowed, or beyond a quota of the server": "未登录、没有权限，或超出服务器的配额",
    "no network, or the server is down or busy: try again": "没有网络，或服务器停机或繁忙：请重试",
    "a file is damaged": "文件已损坏",
    "the local disk failed or is full": "本地磁盘出错或已满",
    "a trial has ended, but not well (aimd trial wait)": "试验已结束，但未成功（aimd trial wait）",
    "some of several things failed: run the same command again": "多项中有部分失败：请重新运行同一命令",
    "interrupted with Ctrl-C": "被 Ctrl-C 中断",
    "the reader of the output went away": "输出的读取方已关闭",
}

TOPICS["Variables. An option wins over a variable, which wins over the config file."] = (
    "变量。选项优先于变量，变量优先于配置文件。"
)
TOPICS[
    "  AIMD_HOST       The server's address, or a part that matches one known server.\n"
    "  AIMD_API_KEY    The API key: for AIMD_HOST if that is set, else for the active\n"
    "                  server. It is sent to no other server, whatever --host says.\n"
    "  T9K_CONFIG      Where the SDK config file is.\n"
    "                  [default: ~/.t9k/t9k-sdk-config.yaml]\n"
    "  AIMD_DIR        The directory that holds .aimd, for recording and for reading.\n"
    "                  [default: the working directory]\n"
    "  AIMD_LANG       The language to speak: en or zh.\n"
    "                  [default: that of LC_ALL, LC_MESSAGES or LANG]\n"
    '  AIMD_AUTOLOAD   If set, training frameworks know report_to="aimd" without an\n'
    '                  import; "tensorboard" also records TensorBoard\'s writers.\n'
    "  AIMD_PROGRESS   If 0, Jupyter shows no line below a cell that trains.\n"
    "  AIMD_DEBUG      If set, errors show their traceback, as with --debug.\n"
    "  NO_COLOR        If set, no colour.\n"
    "  FORCE_COLOR     If set and not 0, colour even without a terminal.\n"
    "  AIMD_PAGER      The pager for what is higher than the terminal; empty: none.\n"
    "                  [default: PAGER, else less]\n"
    "  AIMD_PICTURES   How pictures are shown: kitty, sixel, blocks or off.\n"
    "                  [default: auto, which asks the terminal]\n"
    "  COLUMNS         The width to lay tables out for. [default: the terminal's own]\n"
    "  VISUAL, EDITOR  The editor for: aimd config edit\n"
    "  HTTPS_PROXY, HTTP_PROXY, NO_PROXY\n"
    "                  The proxy for requests to the server."
] = (
    "  AIMD_HOST       服务器的地址，或只匹配一个已知服务器的部分地址。\n"
    "  AIMD_API_KEY    它的 API Key：设置了 AIMD_HOST 时用于该服务器，否则用于当前\n"
    "                  服务器。无论 --host 为何，都不会发往其他服务器。\n"
    "  T9K_CONFIG      SDK 配置文件的位置。\n"
    "                  [默认：~/.t9k/t9k-sdk-config.yaml]\n"
    "  AIMD_DIR        .aimd 所在的目录，用于记录和读取。\n"
    "                  [默认：当前工作目录]\n"
    "  AIMD_LANG       使用的语言：en 或 zh。\n"
    "                  [默认：由 LC_ALL、LC_MESSAGES 或 LANG 决定]\n"
    '  AIMD_AUTOLOAD   设置后，无需导入，训练框架即可使用 report_to="aimd"；\n'
    "                  设为 tensorboard 时还会记录 TensorBoard 的 writer。\n"
    "  AIMD_PROGRESS   设为 0 时，Jupyter 不在训练的单元格下方显示进度。\n"
    "  AIMD_DEBUG      设置后，出错时显示调用栈，与 --debug 相同。\n"
    "  NO_COLOR        设置后，不使用颜色。\n"
    "  FORCE_COLOR     设置且不为 0 时，即使不在终端上也使用颜色。\n"
    "  AIMD_PAGER      内容高于终端时使用的分页器；为空则不用。\n"
    "                  [默认：PAGER，否则为 less]\n"
    "  AIMD_PICTURES   图片的显示方式：kitty、sixel、blocks 或 off。\n"
    "                  [默认：auto，即询问终端]\n"
    "  COLUMNS         表格布局的宽度。[默认：终端自身的宽度]\n"
    "  VISUAL, EDITOR  aimd config edit 使用的编辑器。\n"
    "  HTTPS_PROXY, HTTP_PROXY, NO_PROXY\n"
    "                  向服务器发送请求时使用的代理。"
)
TOPICS["Files."] = "文件。"
TOPICS[
    "  .aimd/trials/    The trials of a directory, one directory each.\n"
    "  SDK config file  Servers and keys, readable by you only. See: aimd config list\n"
    "  user cache       Names for completion, in ~/.cache/aimd; may be deleted."
] = (
    "  .aimd/trials/    目录中的试验，每个试验一个子目录。\n"
    "  SDK config file  SDK 配置文件：服务器和 API Key，仅供您本人读取。\n"
    "                   参见：aimd config list\n"
    "  user cache       用于补全的名称，位于 ~/.cache/aimd；可以删除。"
)
TOPICS[
    "stdout is for data, stderr for everything else: notes, warnings, progress and\n"
    "errors never mix with what you pipe."
] = "stdout 用于数据，stderr 用于说明：注意、警告、进度和错误绝不会混入您通过管道\n传递的内容。"
TOPICS[
    "  On a terminal  A table as wide as the terminal. What does not fit is left out\n"
    "                 by whole columns; numbers and ids are never cut.\n"
    "  In a pipe      Lines of fields separated by tabs; the first line names them.\n"
    "                 Nothing is cut, no colour.\n"
    '  --json         One JSON document; its "schema" is the version of the format\n'
    '                 ("aimd/1"). NaN and the infinities, which JSON lacks, are\n'
    "                 strings."
] = (
    "  在终端上  与终端同宽的表格。放不下的内容按整列略去；数字和 ID 绝不会被截断。\n"
    "  在管道中  以制表符分隔各字段的行，第一行是字段名。不截断，不使用颜色，\n"
    "            始终为英文。\n"
    '  --json    一个 JSON 文档；其中的 "schema" 说明格式的版本（"aimd/1"）。JSON 所\n'
    "            没有的 NaN 和无穷大以字符串表示。"
)
TOPICS[
    "Colour only repeats what a word or a sign says. NO_COLOR=1 turns it off,\n"
    "FORCE_COLOR=1 forces it. If the terminal cannot show signs beyond ASCII, words\n"
    "stand alone. Control characters in names are shown as escapes, so they cannot\n"
    "affect the terminal."
] = (
    "颜色只是重复文字或符号已经表达的含义。NO_COLOR=1 关闭颜色，FORCE_COLOR=1 强制\n"
    "使用颜色。终端无法显示 ASCII 以外的符号时，仅使用文字。名称中的控制字符会以转义\n"
    "形式显示，因此不会影响终端。"
)
TOPICS["A query compares fields of a trial with values, and joins comparisons with and,\nor, not and ( )."] = (
    "查询将试验的内容与值进行比较，并用 and、or、not 和 ( ) 连接各个比较。"
)
TOPICS["Names"] = "名称"
TOPICS[
    "  name, alternative_name, id  what describes the trial; also state, reason,\n"
    "                              folder, started, ended, age, duration, tags,\n"
    "                              note, parent, nan_since\n"
    "  params.NAME                 a parameter; nested: params.optimizer.lr\n"
    "  platform.NAME               a platform fact\n"
    "  git.commit, git.branch      where the code stood; also dirty, remote_url,\n"
    "                              entrypoint, local_path\n"
    "  TYPE.NAME                   a metric's last value, as in val.acc\n"
    "  TYPE.NAME.AGGREGATE         last, min, max, mean, count, min_step, max_step,\n"
    "                              last_step or nan_since"
] = (
    "  name, alternative_name, id  描述试验的信息；此外还有 state、reason、\n"
    "                              folder、started、ended、age、duration、tags、\n"
    "                              note、parent、nan_since\n"
    "  params.NAME                 超参数；嵌套时：params.optimizer.lr\n"
    "  platform.NAME               平台信息\n"
    "  git.commit, git.branch      代码所处的版本；此外还有 dirty、remote_url、\n"
    "                              entrypoint、local_path\n"
    "  TYPE.NAME                   指标的最新值，如 val.acc\n"
    "  TYPE.NAME.AGGREGATE         last、min、max、mean、count、min_step、max_step、\n"
    "                              last_step 或 nan_since"
)
TOPICS["Comparisons"] = "比较"
TOPICS[
    "  =  !=  <  <=  >  >=         equal, different, ordered\n"
    "  ~  !~                       the text contains, or does not contain, the other\n"
    "  in [a, b], not in [a, b]    equal to one of them, or to none\n"
    "  is missing, is not missing  the trial has none, or has one\n"
    "  tag:WORD, note:WORD         has that tag, or a note that contains the word"
] = (
    "  =  !=  <  <=  >  >=         相等、不等，以及大小\n"
    "  ~  !~                       文本包含或不包含另一文本\n"
    "  in [a, b], not in [a, b]    等于其中之一，或都不等于\n"
    "  is missing, is not missing  试验没有该内容，或有该内容\n"
    "  tag:WORD, note:WORD         有该标签，或备注包含该词"
)
TOPICS[
    "Put text with spaces or signs in quotes. Durations: 90s, 10m, 2h, 1h30m, 3d, 1w.\n"
    "Times: 2026-11-23T15:03. A sort key is a name; a leading minus puts the largest\n"
    "first, as in -val.acc.max."
] = (
    "含有空格或符号的文本需加引号。时长：90s、10m、2h、1h30m、3d、1w。时间：\n"
    "2026-11-23T15:03。排序键是一个名称；前面加减号表示从大到小，如 -val.acc.max。"
)
