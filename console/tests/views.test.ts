import { describe, expect, it } from "vitest";
import { formatRoute } from "../src/model/route";
import { changesOf, chartsOf, isChanged, sortColumns, viewOf } from "../src/model/views";

const query = (text: string) => new URLSearchParams(text);

/** The address after a view was chosen. */
function shown(view: Record<string, unknown>): string {
  return formatRoute("", "", changesOf(view));
}

describe("a saved view", () => {
  it("has the fields that the terminal reads", () => {
    const address = query(
      "where=params.lr>0.1&sort=-val.acc&columns=name,params.lr,metrics.val.acc@max&smooth=0.5&x=epoch",
    );
    expect(viewOf(address)).toEqual({
      query: "params.lr>0.1",
      sort: "-val.acc",
      columns: "name,params.lr,val.acc.max",
      smoothing: 0.5,
      x: "epoch",
    });
  });
  it("is changed by what it shows, not by what is folded in it", () => {
    const view = { query: "a = 1", sections: [{ title: "val", folded: true }, { title: "train" }] };
    const same = "where=a+%3D+1&sections=val,train";
    for (const folds of ["&fold=val", "", "&fold=train&unfold=train.layer*"])
      expect(isChanged(query(same + folds), view)).toBe(false);
    expect(isChanged(query("where=a+%3D+2&sections=val,train&fold=val"), view)).toBe(true);
    expect(isChanged(query("where=a+%3D+1&sections=train,val&fold=val"), view)).toBe(true);
  });
  it("leaves to another page with charts how they are looked at, not which they are", () => {
    const address = "where=a&sort=b&columns=name&show=both&below=0&group=seeds&x=epoch&y:loss=0,1&pin=loss&target=c";
    expect(chartsOf(query(address))).toEqual({ group: "seeds", x: "epoch", "y:loss": "0,1", pin: "loss" });
  });
  it("comes back as the address it was made of", () => {
    const address =
      "where=a+%3D+1&sort=-val.acc&columns=name,params.lr,metrics.val.acc,metrics.train.loss@min&x=metric:train.tokens&smooth=0.9&show=both&group=seeds&colour=params.lr&outliers=1&target=metrics.val.acc@max&better=min:val.acc&axes=params.lr,metrics.val.acc&bars=params.opt&brush=params.lr%5C,0.1%5C,1&pin=val.acc,a%5C%2Cb&sections=val,train.layer*&fold=val,system&overlay=train.layer*";
    const again = query(shown(viewOf(query(address)) as Record<string, unknown>).split("?")[1] ?? "");
    expect(Object.fromEntries(again)).toEqual(Object.fromEntries(query(address)));
  });
  it("has pinned metrics as the charts of the terminal, and sections with what others put under their headings", () => {
    const before = { sections: [{ title: "val", charts: ["val.f1"], folded: true }, { title: "gone" }] };
    expect(viewOf(query("pin=val.acc,train.loss&sections=train,val&fold=train"), before)).toEqual({
      charts: ["val.acc", "train.loss"],
      sections: [
        { title: "train", folded: true },
        { title: "val", charts: ["val.f1"] },
      ],
      console: { fold: "train" },
    });
    expect(changesOf({ charts: ["val.acc"], sections: before.sections })).toMatchObject({
      pin: "val.acc",
      sections: "val,gone",
      fold: "val",
    });
    expect(changesOf({ charts: "x", sections: [{}, null, 7] })).toMatchObject({
      pin: null,
      sections: null,
      fold: null,
    });
  });
  it("has the widths of columns by the fields of the terminal", () => {
    const address = "widths=name:240,metrics.val.acc@max:90,params.a%5C%2Cb:70";
    const view = viewOf(query(address));
    expect(view).toEqual({ widths: { name: 240, "val.acc.max": 90, 'params."a,b"': 70 } });
    expect(query(shown(view).split("?")[1] ?? "").get("widths")).toBe(query(address).get("widths"));
    expect(viewOf(query("widths=name:0,:9,nothing:7,params.lr:1.5,name,name:4001"))).toEqual({});
    expect(changesOf({ widths: { name: "9", "val.acc": 80, nothing: 80, "params.lr": 0 } }).widths).toBe(
      "metrics.val.acc:80",
    );
    expect(changesOf({ widths: 7 }).widths).toBe(null);
  });
  it("takes away what it does not say, and keeps fields of others when it is saved again", () => {
    const changes = changesOf({ query: "x" });
    expect([changes.sort, changes.columns, changes.show, changes.smooth]).toEqual([null, null, null, null]);
    const before = { pins: ["t"], widths: { name: 90 }, query: "old", sort: "old" };
    expect(viewOf(query("where=new"), before)).toEqual({ pins: ["t"], query: "new" });
  });
  it("of the terminal, or an odd one, is shown as far as it can be", () => {
    expect(
      changesOf({ columns: '+name,val.acc,params."a b",nothing', x: 3, smoothing: 7, console: "x" }),
    ).toMatchObject({
      columns: "name,metrics.val.acc,params.a b",
      x: null,
      smooth: null,
      show: null,
    });
  });
});

describe("what a list is sorted by", () => {
  it("is shown by columns, where there are such", () => {
    expect(sortColumns('-val.acc.max,params.lr, -train."loss, all"')).toEqual([
      "metrics.val.acc@max",
      "params.lr",
      "metrics.train.loss, all",
    ]);
    expect(sortColumns("-started")).toEqual(["started"]);
    expect(sortColumns("age,-git.commit,id,val.acc.count,")).toEqual([]);
  });
});
