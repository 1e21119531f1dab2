import { describe, expect, it } from "vitest";
import { parseCsv, separatorOf } from "../src/model/csv";
import { diffFiles, parseDiff } from "../src/model/diff";
import { fitted, type Graph, neighbours, placeLineage } from "../src/model/lineage";
import { blocksOf, errorsIn, isError, linesWith, marksOf, nextLine, outputLines } from "../src/model/output";
import { holdsLineAt, newlinesIn, numberAt, partAt, textIn, withEarlier, withLater } from "../src/model/output_part";
import { bytesToShow, notebookText, pictureType, previewOf } from "../src/model/preview";
import { commandLine } from "../src/model/process";

const bytes = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const texts = (raw: string) => outputLines(raw).map((line) => line.text);

describe("an output", () => {
  it("is lines with numbers, whatever their colours", () => {
    const lines = outputLines("a\n\u001b[31mred\nstill\u001b[0m b\n");
    expect(lines.map(({ number, text }) => [number, text])).toEqual([
      [1, "a"],
      [2, "red"],
      [3, "still b"],
    ]);
    expect(lines[2]?.pieces).toEqual([
      { text: "still", style: "ansi-red" },
      { text: " b", style: "" },
    ]);
    expect(texts("")).toEqual([]);
    expect(texts("\n\n")).toEqual(["", ""]);
  });
  it("has errors where something failed, and none where a word only looks like it", () => {
    const failures = [
      "Traceback (most recent call last):",
      "ValueError: bad",
      "torch.cuda.OutOfMemoryError: CUDA out of memory",
      "KeyboardInterrupt",
      "2026 ERROR trainer lost",
      "gcc: fatal error: x",
      "Segmentation fault (core dumped)",
    ];
    const fine = ["mean_error 0.1", "errors: 0", "train/error=0.3", "no errors", "Error rate 0.2 at step 3", "terror"];
    expect(outputLines(failures.join("\n")).map(isError)).toEqual(failures.map(() => true));
    expect(outputLines(fine.join("\n")).map(isError)).toEqual(fine.map(() => false));
  });
  it("counts a traceback once, whatever stands before its lines", () => {
    const traceback = [
      "Traceback (most recent call last):",
      '  File "a.py"',
      "    raise ValueError: x",
      "",
      "ValueError: x",
    ];
    const lines = (prefix: string) => traceback.map((line) => prefix + line);
    const output = outputLines(
      ["ERROR before", ...traceback, "ValueError: y", ...lines("[rank0]: "), "", "", ...traceback, "ERROR after"].join(
        "\n",
      ),
    );
    expect(errorsIn(output).map(({ number }) => number)).toEqual([1, 2, 7, 8, 15, 20]);
    expect(errorsIn(outputLines(traceback.slice(0, 3).join("\n"))).length).toBe(1);
  });
  it("folds progress bars of three lines or more, and loses no line", () => {
    const bar = Array.from({ length: 5 }, (_, at) => `epoch 1:  ${at}0%|██      | ${at}/10 [00:01<00:09]`);
    const lines = outputLines(["start", ...bar, "loss 0.3", "12/30 [==>   ] x", "end"].join("\n"));
    const blocks = blocksOf(lines);
    expect(blocks.map(({ lines, isProgress }) => [lines.length, isProgress])).toEqual([
      [1, false],
      [5, true],
      [3, false],
    ]);
    expect(blocks.flatMap((block) => block.lines)).toEqual(lines);
  });
  it("is cut into blocks of which none is long, also when it is nothing else", () => {
    const lines = outputLines("x\n".repeat(5000));
    const blocks = blocksOf(lines);
    expect(Math.max(...blocks.map((block) => block.lines.length))).toBeLessThanOrEqual(203);
    expect(blocks.flatMap((block) => block.lines).length).toBe(5000);
  });
  it("is searched, letters' case aside, and hits cross colours", () => {
    const lines = outputLines("Lo\u001b[1mss\u001b[0m 1\nnothing\nloss loss");
    expect(linesWith(lines, "LOSS").map(({ number }) => number)).toEqual([1, 3]);
    expect(linesWith(lines, "")).toEqual([]);
    const marks = marksOf(lines[0] as (typeof lines)[0], "loss");
    expect(marks.map(({ text, isHit }) => [text, isHit])).toEqual([
      ["Lo", true],
      ["ss", true],
      [" 1", false],
    ]);
    expect(marksOf(lines[2] as (typeof lines)[0], "loss").filter(({ isHit }) => isHit).length).toBe(2);
  });
  it("keeps the numbers of its lines while parts come in before and behind, and shows whole lines only", () => {
    const encoded = (text: string) => new TextEncoder().encode(text);
    const whole = encoded("one\nzwei 试\ndrei\nvier\n");
    const from = (start: number, end: number) => whole.subarray(start, end);
    const part = partAt(10, from(10, 20)); // within a letter
    const { text, first } = textIn(part);
    expect([text, first]).toEqual(["drei\nvi", 1]);
    expect(textIn(part, true).text).toBe("drei\n"); // where more follows, also at the end
    expect([13, 18].map((offset) => holdsLineAt(part, offset))).toEqual([true, true]);
    expect([0, 9, 10, 20].map((offset) => holdsLineAt(part, offset))).toEqual([false, false, false, false]);
    expect(numberAt(part, 18)).toBe(2);
    const more = withLater(part, 20, from(20, whole.length), 1 << 20);
    expect(numberAt(more, whole.length)).toBe(2); // behind the end: the last line
    expect(textIn(withEarlier(more, from(0, 10)))).toEqual({ text: "one\nzwei 试\ndrei\nvier\n", first: -1 });
    expect(newlinesIn(from(0, 10)) + 1).toBe(2); // what makes the number of the line 1 that of the whole output
    expect(withLater(more, 7, from(0, 4), 100)).toBe(more); // not what comes next
    const cut = withLater(part, 20, from(20, whole.length), 8);
    expect([cut.start, textIn(cut)]).toEqual([whole.length - 8, { text: "vier\n", first: 2 }]);
  });
  it("goes from hit to hit, round the end", () => {
    const hits = linesWith(outputLines("a\nb\na\n"), "a");
    expect([nextLine(hits, null)?.number, nextLine(hits, null, true)?.number]).toEqual([1, 3]);
    expect(nextLine(hits, 1)?.number).toBe(3);
    expect(nextLine(hits, 3)?.number).toBe(1);
    expect(nextLine(hits, 1, true)?.number).toBe(3);
    expect(nextLine([], 1)).toBeUndefined();
  });
});

describe("a diff", () => {
  it("is cut into its files, with what was added and removed", () => {
    const text = [
      "diff --git a/src/a b.py b/src/a b.py",
      "index 1..2",
      "--- a/src/a b.py",
      "+++ b/src/a b.py",
      "@@ -1 +1,2 @@",
      "-x",
      "+y",
      "+z",
      'diff --git "a/\\303\\251" "b/\\303\\251"',
      "@@ -1 +0,0 @@",
      "-gone",
      "diff --git a/old.py b/new.py",
    ].join("\n");
    const files = diffFiles(parseDiff(text));
    expect(files.map(({ name, added, removed }) => [name, added, removed])).toEqual([
      ["src/a b.py", 2, 1],
      ["é", 0, 1],
      ["new.py", 0, 0],
    ]);
    expect(files.flatMap((file) => file.lines.map((line) => line.text)).join("\n")).toBe(text);
    expect(diffFiles(parseDiff("just text"))[0]?.name).toBe("");
  });
});

describe("a preview", () => {
  it("is a picture only if the bytes say so, whatever the name says", () => {
    expect(pictureType(bytes("\x89PNG\r\n\x1a\nrest"))).toBe("image/png");
    expect(previewOf("a.png", bytes("<svg onload=alert(1)>"), 21)).toEqual({
      kind: "text",
      text: "<svg onload=alert(1)>",
      isCut: false,
    });
    expect(previewOf("a.txt", bytes("GIF89a..."), 9).kind).toBe("image");
    expect(pictureType(bytes("<html>"))).toBeNull();
    expect(pictureType(bytes(""))).toBeNull();
  });
  it("is text of UTF-16 and GB 18030, as spreadsheets write, and of nothing that only looks like it", () => {
    const gbk = Uint8Array.from([0xca, 0xd4, 0xd1, 0xe9, 0x2c, 0x31, 0x0a]);
    expect(previewOf("a.csv", gbk, gbk.length)).toEqual({ kind: "table", rows: [["试验", "1"]], isCut: false });
    const wide = Uint8Array.from([0xff, 0xfe, 0xd5, 0x8b, 0x31, 0x00]);
    expect(previewOf("a.txt", wide, wide.length)).toEqual({ kind: "text", text: "试1", isCut: false });
    expect(previewOf("a.bin", Uint8Array.from([0x81, 0x40, 0x02, 0x81]), 4).kind).toBe("none");
  });
  it("says that there is nothing in an empty file, and takes notebooks whole", () => {
    expect(previewOf("a.txt", bytes(""), 0)).toEqual({ kind: "empty" });
    const mebibyte = 1 << 20;
    expect(bytesToShow("a.ipynb", bytes("{"), 3 * mebibyte)).toBe(3 * mebibyte);
    expect(bytesToShow("a.ipynb", bytes("{"), 300 * mebibyte)).toBe(mebibyte);
    expect(bytesToShow("a.log", bytes("x"), 3 * mebibyte)).toBe(mebibyte);
  });
  it("has a line for each member of JSON, with numbers as they are written", () => {
    const shown = (text: string) => {
      const preview = previewOf("a.json", bytes(text), text.length);
      return preview.kind === "text" ? preview.text : preview.kind;
    };
    expect(shown('{"lr":1e-05,"n":12345678901234567890,"a":[NaN,{}],"s":"x, {y}"}')).toBe(
      '{\n  "lr": 1e-05,\n  "n": 12345678901234567890,\n  "a": [\n    NaN,\n    {}\n  ],\n  "s": "x, {y}"\n}',
    );
    for (const broken of ['{"acc": 0.9, "li', '{"a": [1}', "{", "no json", '{"a":1}\n{"a":2}'])
      expect(shown(broken)).toBe(broken);
  });
  it("is text for UTF-8, also when it is cut within a letter, and nothing for other bytes", () => {
    const cut = new TextEncoder().encode("aé").subarray(0, 2);
    expect(previewOf("a.log", cut, 3)).toEqual({ kind: "text", text: "a", isCut: true });
    expect(previewOf("model.pt", bytes("PK\x03\x04\x00\x00"), 6)).toEqual({ kind: "none" });
    expect(previewOf("x.bin", bytes("\xff\xfe1"), 3)).toEqual({ kind: "none" });
  });
  it("is a table for CSV, cut where it is large", () => {
    const quoted = 'name,note\nx,"a, ""b""\nc"\n';
    const preview = previewOf("a.csv", bytes(quoted), quoted.length);
    expect(preview).toEqual({
      kind: "table",
      rows: [
        ["name", "note"],
        ["x", 'a, "b"\nc'],
      ],
      isCut: false,
    });
    const long = `a\n${"1\n".repeat(2000)}`;
    expect(previewOf("a.csv", bytes(long), long.length)).toMatchObject({ kind: "table", isCut: true });
    expect(separatorOf("a;b;c")).toBe(";");
    expect(separatorOf("a\tb,c\td")).toBe("\t");
    expect(parseCsv('a,"open\nx', ",", 10)).toEqual([["a", "open\nx"]]);
  });
  it("keeps numbers of JSON that JavaScript cannot hold", () => {
    expect(previewOf("a.json", bytes('{"a":[1]}'), 9)).toMatchObject({ text: '{\n  "a": [\n    1\n  ]\n}' });
    const large = '{"id":9007199254740993}';
    expect(previewOf("a.json", bytes(large), large.length)).toMatchObject({ text: '{\n  "id": 9007199254740993\n}' });
    expect(previewOf("a.json", bytes("{NaN"), 4)).toMatchObject({ text: "{NaN" });
  });
  it("shows a notebook's cells and outputs as text", () => {
    const notebook = {
      cells: [
        {
          cell_type: "code",
          source: ["print(1)\n", "2"],
          outputs: [{ text: ["1\n"] }, { data: { "text/plain": "2" } }],
        },
        {
          cell_type: "code",
          source: "x",
          outputs: [{ ename: "NameError", evalue: "x" }, { data: { "text/html": "<b>" } }],
        },
        null,
      ],
    };
    const text = notebookText(JSON.stringify(notebook));
    expect(text).toContain("── 1 code ──\nprint(1)\n2\n→ 1\n\n→ 2");
    expect(text).toContain("✗ NameError: x");
    expect(text).not.toContain("<b>");
    expect(notebookText("{")).toBe("{");
    expect(notebookText('{"cells": 3}')).toBe('{"cells": 3}');
  });
});

describe("a command line", () => {
  it("can be pasted into a shell", () => {
    expect(commandLine(["python", "a b.py", "--x=1", "it's", "$HOME", ""])).toBe(
      `python 'a b.py' --x=1 'it'"'"'s' '$HOME' ''`,
    );
    expect([commandLine(undefined), commandLine("x")]).toEqual(["", ""]);
  });
});

describe("a lineage", () => {
  it("cuts names to the width of their box, whatever letters they have", () => {
    const widthOf = (text: string) => Array.from(text).reduce((sum, letter) => sum + (letter > "\u2e80" ? 13 : 7), 0);
    for (const name of ["short", "resnet50-".repeat(9), "数据集".repeat(30), "😀".repeat(400), "w".repeat(100_000)]) {
      const shown = fitted(name, 162, widthOf);
      expect(widthOf(shown)).toBeLessThanOrEqual(162);
      expect(widthOf(shown)).toBeGreaterThan(name === "short" ? 30 : 130);
    }
    expect(fitted("resnet50-imagenet-augmented-v12", 100, widthOf)).toBe("resnet50…d-v12");
    expect(fitted("x", 1, widthOf)).toBe("…");
  });
  const node = (id: string, kind: "trial" | "artifact" = "artifact") => ({
    kind,
    id,
    name: id,
    detail: "",
    folder: "",
  });
  const graph: Graph = {
    start: "train",
    nodes: [node("train", "trial"), node("data"), node("raw"), node("prepare", "trial"), node("model"), node("alone")],
    edges: [
      { source: "data", target: "train" },
      { source: "prepare", target: "data" },
      { source: "raw", target: "prepare" },
      { source: "train", target: "model" },
      { source: "unknown", target: "train" },
    ],
  };
  it("stands in layers, what it was made from on the left", () => {
    const placed = placeLineage(graph);
    const layers = Object.fromEntries(placed.nodes.map(({ id, layer }) => [id, layer]));
    expect(layers).toEqual({ train: 0, data: -1, prepare: -2, raw: -3, model: 1 });
    expect([placed.firstLayer, placed.layers, placed.rows, placed.edges.length]).toEqual([-3, 5, 1, 4]);
  });
  it("never puts two nodes in one place, also with circles", () => {
    const ids = Array.from({ length: 40 }, (_, at) => `n${at}`);
    const edges = ids.flatMap((id, at) => [
      { source: id, target: ids[(at * 7 + 1) % 40] as string },
      { source: id, target: ids[(at + 1) % 40] as string },
    ]);
    const placed = placeLineage({ start: "n0", nodes: ids.map((id) => node(id)), edges });
    expect(new Set(placed.nodes.map(({ layer, row }) => `${layer} ${row}`)).size).toBe(placed.nodes.length);
  });
  it("knows what is next to a node", () => {
    const { before, after } = neighbours(graph, "train");
    expect([before.map(({ id }) => id), after.map(({ id }) => id)]).toEqual([["data"], ["model"]]);
  });
});
