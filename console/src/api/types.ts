/** What the server sends and takes, as docs/reference/openapi.json has it. Numbers that are not finite come as strings. */

export type Num = number | "NaN" | "Infinity" | "-Infinity" | null;
export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type State = "Initializing" | "Running" | "Succeeded" | "Failed" | "Killed" | "Interrupted" | "Lost";
export type Role = "viewer" | "editor" | "owner";
export type Scope = "read" | "write" | "upload";

export interface FolderRef {
  id: string;
  path: string;
}

export interface Summary {
  last: Num;
  min: Num;
  max: Num;
  mean: Num;
  count: number;
  last_step: number | null;
  min_step: number | null;
  max_step: number | null;
}

export interface Segment {
  kind: "fork" | "resume";
  from_step: number;
  offset: number;
  parent?: string;
  parent_name?: string;
}

export interface Trial {
  id: string;
  name: string;
  alternative_name: string | null;
  folder: FolderRef;
  owner: string;
  status: string | null;
  state: State | null;
  reason: string | null;
  /** The reason in the language of the page, where it is no message of the trial's own. */
  reason_words?: string;
  ending: Record<string, Value> | null;
  last_write: string | null;
  started: string | null;
  ended: string | null;
  updated: string;
  parameters: Record<string, Value>;
  metrics: Record<string, Summary>;
  nan_since: Record<string, number>;
  tags: string[];
  note: string;
  segments: Segment[];
  role: Role;
}

export interface StoredFile {
  offset: number;
  digest: string;
  /** Of `files/`, which stands for all kept files together: how many there are. */
  count?: number;
}

export interface KeptFile {
  path: string;
  size: number;
  digest: string;
  updated: string;
}

export interface KeptPage {
  files: KeptFile[];
  next: string | null;
}

export interface TrialDetail extends Trial {
  metadata: Record<string, Value>;
  files: Record<string, StoredFile>;
}

export interface Count {
  value: number;
  capped: boolean;
}

export interface TrialPage {
  trials: Trial[];
  next: string | null;
  /** How many trials have newer points than their values. */
  behind?: number;
  count?: Count;
}

export interface TrialColumns {
  parameters: { name: string; count: number; varies: boolean }[];
  metrics: { name: string; count: number }[];
  /** Other fields of a query, with the shape of their values. */
  fields: Record<string, string>;
  /** What each shape is compared with. */
  operators: Record<string, string[]>;
  aggregates: string[];
  /** How many trials were looked at. */
  trials: number;
  /** Whether only the newest trials were looked at. */
  more: boolean;
}

export interface TrialValues {
  fields: {
    field: string;
    shape: string;
    values: { value: string; count: number }[];
    more: boolean;
    low: number | null;
    high: number | null;
  }[];
  trials: number;
}

export interface Folder {
  id: string;
  name: string;
  path: string;
  parent: string | null;
  owner: string;
  role: Role;
  type: string;
  trials: number;
  /** With those in folders below. */
  trials_below?: number;
  /** How many folders and shortcuts are directly in it. */
  folders?: number;
  updated: string;
  shared?: boolean;
  target?: string;
}

export interface FolderPage {
  folders: Folder[];
  next: string | null;
}

export interface Session {
  user: string;
  /** `link`: whoever has the key of a public link; `local`: who looks at local trials with `aimd console`. */
  kind: "user" | "link" | "local";
  scope: Scope;
  expires: string | null;
  admin: boolean;
}

export interface Key {
  id: number;
  user: string;
  name: string | null;
  scope: Scope;
  created: string;
  expires: string | null;
  state: "valid" | "expired" | "revoked";
  key?: string;
}

export interface Share {
  id: number;
  user: string | null;
  group: string | null;
  link: boolean;
  role: Role;
  created: string;
  expires: string | null;
  key?: string;
}

export interface SharedItem {
  kind: "folder" | "trial";
  id: string;
  name: string;
  path: string;
  owner: string;
  role: Role;
}

export interface TrashItem {
  kind: "folder" | "trial" | "artifact";
  id: string;
  name: string;
  folder: string | null;
  by: string;
  deleted: string;
  until: string;
}

export interface TrashPage {
  items: TrashItem[];
  days: number;
  next: string | null;
}

export interface ServerInfo {
  product: string;
  version: string;
  user: string;
  limits: Record<string, number>;
}

export interface Artifact {
  id: string;
  name: string;
  type: string;
  folder: FolderRef;
  description: string;
  commit: string | null;
  version: string | null;
  aliases: string[];
  created: string | null;
  updated: string;
  owner: string;
  role: Role;
  objects: number;
  size: number;
}

export interface ArtifactObject {
  key: string;
  size: number;
  digest: string;
}

export interface LineageNode {
  kind: "trial" | "artifact";
  id: string;
  name: string;
  detail: string;
  folder: string;
}

export interface ArtifactPage {
  artifacts: Artifact[];
  next: string | null;
}

export interface ObjectPage {
  objects: ArtifactObject[];
  next: string | null;
}

export interface Lineage {
  start: string;
  nodes: LineageNode[];
  edges: { source: string; target: string }[];
}

export interface MediaKey {
  key: string;
  kinds: string[];
  records: number;
  steps: number;
  first_step: number;
  last_step: number;
}

export interface MediaKeys {
  keys: MediaKey[];
  /** The server has not read all of the journal yet. */
  behind: boolean;
}

export interface MediaSteps {
  steps: number[];
  next: string | null;
}

export interface MediaBytes {
  type: string;
  digest: string;
  size: number;
}

export interface MediaRecord {
  key: string;
  step: number;
  kind: string;
  index: number;
  type?: string;
  digest?: string;
  size?: number;
  /** Whether the server has the bytes. */
  present?: boolean;
  text?: string;
  preview?: MediaBytes;
  caption?: string;
  group?: string;
  histogram?: { edges: number[]; counts: number[] };
}

export interface MediaPage {
  media: MediaRecord[];
  next: string | null;
}

/** What a view has for this console; fields of others come and go as they are. */
export interface ViewFields {
  query?: string;
  sort?: string;
  columns?: string;
  x?: string;
  smoothing?: number;
  console?: Record<string, Value>;
  [field: string]: Value | undefined;
}

export interface SavedView {
  name: string;
  shared: boolean;
  folder: FolderRef;
  editor: string;
  updated: string;
  etag: string;
  view: Record<string, Value>;
}
