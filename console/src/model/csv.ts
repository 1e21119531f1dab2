/** CSV: written so that spreadsheets read it and cannot be made to run anything, and read to be shown. */

export function csvCell(value: unknown): string {
  if (typeof value === "number")
    return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const text = value === null || value === undefined ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(rows: unknown[][]): string {
  return rows.map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/** The first rows of a table in CSV or TSV, as RFC 4180 has it; a text that ends within quotes ends its cell. */
export function parseCsv(text: string, separator: "," | "\t" | ";", maxRows: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  const endRow = () => {
    row.push(cell);
    cell = "";
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length && rows.length < maxRows; at++) {
    const letter = text[at] as string;
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[++at];
      else isQuoted = false;
    } else if (letter === '"' && cell === "") isQuoted = true;
    else if (letter === separator) {
      row.push(cell);
      cell = "";
    } else if (letter === "\n") endRow();
    else if (letter !== "\r") cell += letter;
  }
  if (rows.length < maxRows && (cell !== "" || row.length)) endRow();
  return rows;
}

/** What separates the cells of a table: what its first line has most of. */
export function separatorOf(text: string): "," | "\t" | ";" {
  const first = text.slice(0, 10_000).split("\n", 1)[0] ?? "";
  const count = (letter: string) => first.split(letter).length;
  if (count("\t") > count(",")) return "\t";
  return count(";") > count(",") ? ";" : ",";
}
