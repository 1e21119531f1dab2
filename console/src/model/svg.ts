/** Elements of an SVG file, written as text. */

type Attributes = Record<string, string | number>;

/** Text as an element or an attribute holds it. */
export function escaped(text: string): string {
  const signs: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text
    .replace(/[&<>"]/g, (sign) => signs[sign] as string)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
}

/** @param content Elements, or text that is escaped already. */
export function tag(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(String(value))}"`)
    .join("");
  return `<${name}${written}>${content}</${name}>`;
}

/** A whole file. */
export function svgFile(width: number, height: number, body: string): Blob {
  const size = { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` };
  return new Blob([tag("svg", size, body)], { type: "image/svg+xml" });
}
