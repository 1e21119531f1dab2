/** What a terminal would show of an output, as pieces of text with a style; nothing in it can be markup. */

export interface Piece {
  text: string;
  style: string;
}

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// CSI sequences, OSC up to BEL or ST, other escapes of two characters, and control bytes but for \n and \t.
const CONTROL =
  /\u001b\[([0-9;:?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|\u001b[@-_]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Carriage returns overwrite the line, as progress bars do; only the last state of a line stays. */
export function settle(text: string): string {
  return text.split("\n").map(settled).join("\n");
}

/** By code: as a pattern, `\r+$` takes as long as the square of how many there are. */
function settled(line: string): string {
  let end = line.length;
  while (line[end - 1] === "\r") end--;
  return line.slice(line.slice(0, end).lastIndexOf("\r") + 1, end);
}

class Style {
  bold = false;
  dim = false;
  colour = "";

  apply(codes: string): void {
    const numbers = (codes || "0").split(/[;:]/).map(Number);
    for (let at = 0; at < numbers.length; at++) {
      const code = numbers[at] as number;
      if (code === 0) Object.assign(this, { bold: false, dim: false, colour: "" });
      else if (code === 1) this.bold = true;
      else if (code === 2) this.dim = true;
      else if (code === 22) Object.assign(this, { bold: false, dim: false });
      else if (code >= 30 && code <= 37) this.colour = COLOURS[code - 30] as string;
      else if (code >= 90 && code <= 97) this.colour = COLOURS[code - 90] as string;
      else if (code === 39) this.colour = "";
      else if (code === 38 || code === 48) at += numbers[at + 1] === 5 ? 2 : 4;
    }
  }

  get name(): string {
    return [this.bold && "ansi-bold", this.dim && "ansi-dim", this.colour && `ansi-${this.colour}`]
      .filter(Boolean)
      .join(" ");
  }
}

export function parseAnsi(raw: string): Piece[] {
  const text = settle(raw);
  const style = new Style();
  const pieces: Piece[] = [];
  const push = (part: string) => {
    const last = pieces[pieces.length - 1];
    if (!part) return;
    if (last && last.style === style.name) last.text += part;
    else pieces.push({ text: part, style: style.name });
  };
  let from = 0;
  for (const match of text.matchAll(CONTROL)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style.apply(match[1] ?? "");
  }
  push(text.slice(from));
  return pieces;
}
