import { describe, expect, it } from "vitest";
import { cellConditions } from "../src/model/cell_conditions";
import { parseColumn } from "../src/model/columns";
import { completed, type Known, offersAt } from "../src/model/completion";
import { meant, unknownFields } from "../src/model/meant";
import { conditionsOf, placeIn, quotedText, tokensOf, withCondition, withoutCondition } from "../src/model/query";

const KNOWN: Known = {
  parameters: [
    { name: "optim.name", count: 9 },
    { name: "odd name", count: 2 },
  ],
  metrics: [{ name: "val.acc", count: 8 }],
  fields: { name: "text", state: "state", tags: "tags", age: "duration", started: "moment", note: "text" },
  operators: {
    text: ["=", "!=", "~", "!~"],
    state: ["=", "!="],
    number: ["=", "<", ">="],
    any: ["=", "~"],
    tags: ["="],
  },
  aggregates: ["last", "max"],
  more: false,
  values: new Map([
    [
      "state",
      {
        field: "state",
        shape: "state",
        values: [
          { value: "Running", count: 3 },
          { value: "Killed", count: 0 },
        ],
        low: null,
        high: null,
      },
    ],
    ["tags", { field: "tags", shape: "tags", values: [{ value: '"a \\"b\\""', count: 1 }], low: null, high: null }],
    ["val.acc", { field: "val.acc", shape: "number", values: [], low: 0.1, high: 0.9 }],
  ]),
};

function offered(text: string, cursor = text.length): string[] {
  return offersAt(placeIn(text, cursor), KNOWN, "2026-11-26").map((offer) => offer.text);
}

describe("a field that there is none of", () => {
  const queries = (text: string, position: number) => meant(text, position, KNOWN).map(({ query }) => query);
  it("is offered as the fields that end like it, or nearly so", () => {
    expect(queries("acc > 0.9", 0)).toEqual(["val.acc > 0.9"]);
    expect(queries("resnet nam = adam", 7)).toEqual(["resnet name = adam", "resnet params.optim.name = adam"]);
    expect(queries("vale.acc.maxx > 1", 0)).toEqual([]);
  });
  it("is offered what it is short for, or what is short for it", () => {
    const names = (field: string, ...parameters: string[]) =>
      meant(`${field} = 1`, 0, { ...KNOWN, parameters: parameters.map((name) => ({ name, count: 1 })) }).map(
        (one) => one.field,
      );
    expect(names("lr", "learning_rate", "lrs")).toEqual(["params.learning_rate"]);
    expect(names("batch_size", "bs")).toEqual(["params.bs"]);
    expect(names("learn", "learning_rate")).toEqual(["params.learning_rate"]);
    expect(names("le", "learning_rate")).toEqual([]);
  });
  it("is said where it is a parameter or a metric, which the server does not refuse", () => {
    const told = (text: string, metrics = ["val.accuracy", "train.accuracy"]) => {
      const known = { ...KNOWN, metrics: metrics.map((name) => ({ name, count: 1 })) };
      return unknownFields(text, known).map(({ field, instead }) => [field, ...instead.map(({ query }) => query)]);
    };
    expect(told("x val.acc > 0.9")).toEqual([["val.acc", "x val.accuracy > 0.9"]]);
    expect(told("not (train.acuracy.max < 1)")).toEqual([["train.acuracy.max", "not (train.accuracy.max < 1)"]]);
    expect(told('params."od name" is missing')).toEqual([['params."od name"', 'params."odd name" is missing']]);
    expect(told("val.zzz not in [1]")).toEqual([["val.zzz"]]);
    const there =
      "metrics.val.accuracy > 1 and val.accuracy.max < 2 params.optim.name = a.b params.optim is missing v1.2";
    expect(told(`${there} git.branch = x platform.os ~ y state = Running`)).toEqual([]);
  });
  it("is not looked for where a value, a sign or nothing is wrong", () => {
    expect([queries("state = note", 8), queries('"name"', 0), queries("name >", 5), queries("acc", 9)]).toEqual([
      [],
      [],
      [],
      [],
    ]);
  });
});

describe("a filter that is typed", () => {
  it("is split as the parser splits it", () => {
    const words = (text: string) => tokensOf(text).map((token) => token.text);
    expect(words(`a."b c">=1e-3 and(x!~'y\\'z')`)).toEqual(["a.b c", ">=", "1e-3", "and", "(", "x", "!~", "y'z", ")"]);
    expect(words('name = "open and')).toEqual(["name", "=", "open and"]);
    expect(words("a && ! b")).toEqual(["a", "&", "&", "!", "b"]);
  });
  it("says what comes next", () => {
    const next = (text: string) => placeIn(text, text.length).expected;
    expect(["", "res", "state ", "state =", "state = Run", "state = Running "].map(next)).toEqual([
      "condition",
      "condition",
      "operator",
      "value",
      "value",
      "joint",
    ]);
    expect(["a is ", "a in [x, ", "a not in [", "not ", "(a = 1 or ", "a = 1) "].map(next)).toEqual([
      "is",
      "list",
      "list",
      "condition",
      "condition",
      "joint",
    ]);
  });
  it("falls into conditions, which can be taken away and added", () => {
    const text = 'resnet val.acc > 0.9 and not state = Killed and (a = 1 or b = 2) name = "x and y"';
    const parts = ["resnet", "val.acc > 0.9", "not state = Killed", "(a = 1 or b = 2)", 'name = "x and y"'];
    expect(conditionsOf(text)).toEqual(parts);
    expect(withoutCondition(text, 2)).toBe(parts.filter((_, at) => at !== 2).join(" and "));
    expect(conditionsOf("a = 1 or b = 2 and c = 3")).toEqual(["a = 1 or b = 2 and c = 3"]);
    expect(conditionsOf("params.a not in [1, 2] b is not missing")).toEqual([
      "params.a not in [1, 2]",
      "b is not missing",
    ]);
    expect(withCondition("a = 1 or b = 2", "c = 3")).toBe("(a = 1 or b = 2) and c = 3");
    expect(withCondition("a = 1 b", "c = 3")).toBe("a = 1 and b and c = 3");
    expect(withCondition("a = 1 and b = 2", "a = 1")).toBe("a = 1 and b = 2");
    expect(withCondition(" ", "a = 1")).toBe("a = 1");
    for (const odd of ["and", "or or", "((", ")", "'", "not", "a =", ",", "not not a", "in in"])
      expect(() => [conditionsOf(odd), offered(odd), withCondition(odd, "a = 1")]).not.toThrow();
  });
});

describe("completion", () => {
  it("offers what is there: states and days first, then fields", () => {
    expect(offered("").slice(0, 4)).toEqual(["state = Running", "age < 1d", "age < 7d", 'tags = "a \\"b\\""']);
    expect(offered("opt")).toEqual(["params.optim.name"]);
    expect(offered("odd")).toEqual(['params."odd name"']);
    expect(offered("val.acc.m")).toEqual(["val.acc.max"]);
    expect(offered("run")).toEqual(["state = Running"]);
  });
  it("offers operators of the field, and values with the frequent ones first", () => {
    expect(offered("state ")).toEqual(["=", "!=", "in [", "is missing", "is not missing"]);
    expect(offered("val.acc ")[0]).toBe(">=");
    expect(offered("state = ")).toEqual(["Running", "Killed"]);
    expect(offered("state in [Running, ki")).toEqual(["Killed"]);
    expect(offered("val.acc > ")).toEqual(["0.9", "0.1"]);
    expect(offered("started > ")).toEqual(["2026-11-26"]);
    expect(offered("name is ")).toEqual(["missing", "not missing"]);
    expect(offered("resnet ")).toEqual(["and", "or"]);
  });
  it("puts an offer where the cursor is, and keeps what is behind it", () => {
    const put = (text: string, cursor: number, offer: string) =>
      completed(text, placeIn(text, cursor), { text: offer, kind: "value" });
    expect(put("sta and b = 1", 3, "state")).toEqual({ text: "state and b = 1", cursor: 6 });
    expect(put("state=Ru", 8, "Running").text).toBe("state= Running ");
    expect(put("state =", 7, "Running").text).toBe("state = Running ");
    expect(put('tags = "a b', 11, '"a \\"b\\""').text).toBe('tags = "a \\"b\\"" ');
  });
});

const HOSTILE = [
  'say "hi"',
  "it's",
  "<script>alert(1)</script>",
  "\u202eabc",
  "x".repeat(300),
  "a\nb",
  "\\",
  "and",
  "nan",
  "1e-3",
  "中文",
  "a, b",
];

describe("a cell", () => {
  const row = {
    name: "t",
    state: "Running",
    reason: null,
    note: "",
    tags: ["a b"],
    folder: { path: "/x" },
    started: "2026-11-26T10:00:00+00:00",
    ended: null,
    last_write: null,
    parameters: { lr: 1e-7, on: true, list: [1], "odd: name": "v" } as Record<string, unknown>,
    metrics: { "val.loss.max": { last: "NaN", max: 0.1 + 0.2 } } as Record<string, object>,
  };
  const conditions = (id: string, more = {}) => {
    const column = parseColumn(id);
    return column ? cellConditions({ ...row, ...more }, column, 0).map(({ condition }) => condition) : [];
  };
  it("stands for conditions in the language", () => {
    expect(conditions("state")).toEqual(["state = Running", "not state = Running"]);
    expect(conditions("params.lr").slice(0, 3)).toEqual([
      "params.lr = 1e-7",
      "not params.lr = 1e-7",
      "params.lr >= 1e-7",
    ]);
    expect(conditions("params.on")[0]).toBe("params.on = true");
    expect(conditions("params.none")[0]).toBe("params.none is missing");
    expect(conditions("params.list")).toEqual([]);
    expect(conditions("params.odd: name")[0]).toBe('params."odd: name" = v');
    expect(conditions("metrics.val.loss.max")[0]).toBe('val."loss.max" = nan');
    expect(conditions("metrics.val.loss.max@max")[0]).toBe('val."loss.max".max = 0.30000000000000004');
    expect(conditions("tags")[0]).toBe('tags = "a b"');
    expect(conditions("note")[0]).toBe("note is missing");
    expect(conditions("owner")).toEqual([]);
    expect(conditions("started")[0]).toMatch(/^\(started >= 2026-11-2\dT\d\d:\d\d:\d\dZ and started < .*Z\)$/);
    expect(conditions("name", { name: "x".repeat(6000) })).toEqual([]);
  });
  it("is one condition whatever it holds", () => {
    for (const name of HOSTILE) {
      const [only = ""] = conditions("name", { name });
      expect(tokensOf(only).map((token) => token.text)).toEqual(["name", "=", name]);
      expect(conditionsOf(`a = 1 and ${only}`)).toEqual(["a = 1", only]);
      expect(quotedText(name).length).toBeGreaterThan(0);
    }
  });
});
