"""The Chinese of reports."""

from __future__ import annotations

REPORTS: dict[str, str] = {
    "{line}: 'name: value' is expected": "{line}：应写作 'name: value'",
    "show: {names} are possible": "show：可以是 {names}",
    "limit: a whole number from 1 is expected": "limit：应为不小于 1 的整数",
    "smoothing: a number from 0 to less than 1 is expected": "smoothing：应为从 0 到小于 1 的数",
    "{name}: there is {names}": "{name}：没有此项，可用的有 {names}",
    "a report shows {n} views at most": "一份报告最多显示 {n} 个视图",
    "a report shows {size} MiB of charts and tables at most": "一份报告的图表和表格合计最多 {size} MiB",
    "no view {name}": "没有视图 {name}",
    "this address is of a server's console; in the report of a directory, a line such as query: name ~ resnet "
    "chooses trials": "此地址属于服务器的控制台；在目录的报告中，请用 query: name ~ resnet 这样的一行选择试验",
    "not a page of trials": "不是试验页面",
    "an address has 100 fields at most": "地址中最多可有 100 项",
    "(without {n} pictures: a report has {most} pictures and {size} MiB of them at most)": (
        "（略去 {n} 张图片：一份报告最多有 {most} 张、共 {size} MiB 图片）"
    ),
    "(curves smoothed {weight:g})": "（曲线平滑 {weight:g}）",
    "(no trials)": "（没有试验）",
    "(the first {n} trials)": "（前 {n} 个试验）",
    "(1 trial)": "（1 个试验）",
    "({n} trials)": "（{n} 个试验）",
    "{path} · made {made}": "{path} · 生成于 {made}",
}
