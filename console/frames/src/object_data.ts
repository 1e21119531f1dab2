/** Files of objects in space: what is refused before a library reads them, because it would believe what they say. */

import { Undrawable } from "./channel";

export const MOST_VERTICES = 4_000_000;
const MOST_TEXT_BYTES = 32 << 20;
const PACKED = /^(KHR_draco_mesh_compression|EXT_meshopt_compression|KHR_texture_basisu)$/;

/** Check a file of a MIME type before it is read; throws `Undrawable`. */
export function checkObject(bytes: ArrayBuffer, type: string): void {
  if (!bytes.byteLength) throw new Undrawable("damaged");
  if (type === "model/gltf-binary") checkGltf(jsonOfGlb(bytes));
  else if (type === "model/gltf+json") checkGltf(new TextDecoder().decode(bytes));
  else if (type === "model/ply") checkPly(bytes);
  else if (type === "model/stl") checkStl(bytes);
  else if (bytes.byteLength > MOST_TEXT_BYTES) throw new Undrawable("large");
}

function jsonOfGlb(bytes: ArrayBuffer): string {
  const view = new DataView(bytes);
  if (bytes.byteLength < 20 || view.getUint32(0, true) !== 0x46546c67) throw new Undrawable("damaged");
  const length = view.getUint32(12, true);
  if (length > bytes.byteLength - 20 || view.getUint32(16, true) !== 0x4e4f534a) throw new Undrawable("damaged");
  return new TextDecoder().decode(new Uint8Array(bytes, 20, length));
}

interface Gltf {
  asset?: { version?: unknown };
  accessors?: { count?: unknown }[];
  nodes?: unknown[];
  buffers?: { uri?: unknown; byteLength?: unknown }[];
  images?: { uri?: unknown }[];
  extensionsRequired?: unknown[];
}

function checkGltf(text: string): void {
  let gltf: Gltf;
  try {
    gltf = JSON.parse(text);
  } catch {
    throw new Undrawable("damaged");
  }
  if (typeof gltf?.asset?.version !== "string" || !gltf.asset.version.startsWith("2")) throw new Undrawable("damaged");
  const lists = [gltf.accessors, gltf.nodes, gltf.buffers, gltf.images, gltf.extensionsRequired];
  if (lists.some((list) => list !== undefined && !Array.isArray(list))) throw new Undrawable("damaged");
  const packed = (gltf.extensionsRequired ?? []).find((name) => PACKED.test(String(name)));
  if (packed) throw new Undrawable("packed", String(packed));
  const elsewhere = [...(gltf.buffers ?? []), ...(gltf.images ?? [])].find(
    (part) => typeof part?.uri === "string" && !part.uri.startsWith("data:"),
  );
  if (elsewhere) throw new Undrawable("refers", String(elsewhere.uri));
  const counts = (gltf.accessors ?? []).reduce((sum, accessor) => sum + (Number(accessor?.count) || 0), 0);
  if (counts > 8 * MOST_VERTICES || (gltf.nodes ?? []).length > 100_000) throw new Undrawable("large");
}

function checkPly(bytes: ArrayBuffer): void {
  const head = new TextDecoder("latin1").decode(bytes.slice(0, 64 << 10));
  if (!head.startsWith("ply") || !head.includes("end_header")) throw new Undrawable("damaged");
  if (/^format ascii/m.test(head) && bytes.byteLength > MOST_TEXT_BYTES) throw new Undrawable("large");
  for (const [, count] of head.matchAll(/^element \S+ (\d+)/gm)) {
    if (Number(count) > bytes.byteLength) throw new Undrawable("damaged"); // an element is at least a byte long
    if (Number(count) > 2 * MOST_VERTICES) throw new Undrawable("large");
  }
}

function checkStl(bytes: ArrayBuffer): void {
  const isText = new TextDecoder("latin1").decode(bytes.slice(0, 512)).trimStart().startsWith("solid");
  const faces = bytes.byteLength < 84 ? -1 : new DataView(bytes).getUint32(80, true);
  if (84 + 50 * faces === bytes.byteLength) return;
  if (!isText) throw new Undrawable("damaged");
  if (bytes.byteLength > MOST_TEXT_BYTES) throw new Undrawable("large");
}

/** The vertices of an OBJ file that has no faces, lines or points: they are meant as points. */
export function verticesOfObj(text: string): Float32Array {
  const numbers: number[] = [];
  for (const [, x, y, z] of text.matchAll(/^v[ \t]+(\S+)[ \t]+(\S+)[ \t]+(\S+)/gm)) {
    numbers.push(Number(x), Number(y), Number(z));
    if (numbers.length > 3 * MOST_VERTICES) throw new Undrawable("large");
  }
  return Float32Array.from(numbers);
}
