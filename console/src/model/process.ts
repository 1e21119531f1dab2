/** The command line of a recorded process. */

import { jsonOrText } from "./format";

/** Words as a POSIX shell reads them back; an empty text for what is no command. */
export function commandLine(command: unknown): string {
  return Array.isArray(command) ? command.map((word) => quoted(jsonOrText(word))).join(" ") : "";
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'"'"'`)}'`;
}
