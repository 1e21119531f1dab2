/** The folder tree of the navigation, and the same for choosing where to move something. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Folder } from "../api/types";
import { formatRoute } from "../model/route";
import { children, expanded, here, loadChildren, ROOT, toggle } from "../state/folders";
import { homeWord } from "../state/session";
import { t } from "../words";
import { Icon } from "./icons";

interface TreeProps {
  current: string;
  /** Where a folder leads; without it, choosing one calls `choose`. */
  choose?: (folder: { id: string; name: string }) => void;
}

function useChildren(id: string, open: boolean): Folder[] | undefined {
  useEffect(() => {
    if (open) void loadChildren(id).catch(() => {});
  }, [id, open]);
  return children.value.get(id);
}

export function Tree({ current, choose }: TreeProps) {
  return (
    <ul class="tree" onKeyDown={onKey}>
      <Branch id={ROOT} name={t(homeWord())} depth={0} current={current} {...(choose ? { choose } : {})} />
    </ul>
  );
}

interface BranchProps extends TreeProps {
  id: string;
  name: string;
  depth: number;
  shared?: boolean | undefined;
  /** Trials in it and below. */
  trials?: number | undefined;
  /** How many folders are in it, where the server says so. */
  folders?: number | undefined;
}

const FIRST = 100;

/** The first of many folders, and the one that leads to where the page is. */
function firstOf(below: Folder[], path: string | undefined): Folder[] {
  const isOnTheWay = (folder: Folder) => path === folder.path || path?.startsWith(`${folder.path}/`);
  return [...below.slice(0, FIRST), ...below.slice(FIRST).filter(isOnTheWay)];
}

function Branch({ id, name, depth, shared, trials, folders, current, choose }: BranchProps) {
  const open = expanded.value.has(id);
  const below = useChildren(id, open);
  const [all, setAll] = useState(false);
  const row = useRef<HTMLDivElement>(null);
  const isCurrent = current === id;
  useEffect(() => {
    if (isCurrent && !choose) row.current?.scrollIntoView({ block: "nearest" });
  }, [isCurrent]);
  // What was loaded is newer than what was said when the folder above was.
  const isLeaf = (below?.length ?? folders) === 0;
  const shown = all || !below ? below : firstOf(below, here.value?.path);
  const more = choose ? { choose } : {};
  return (
    <li>
      <div ref={row} class={`tree-row${isCurrent ? " current" : ""}`} data-depth={Math.min(depth, 8)}>
        {isLeaf ? (
          <span class="twist" />
        ) : (
          <button
            type="button"
            class="twist"
            aria-expanded={open}
            aria-label={t(open ? "nav.collapse" : "nav.expand", { name })}
            onClick={() => toggle(id, !open)}
          >
            <Icon name="chevron" size={12} />
          </button>
        )}
        {choose ? (
          <button type="button" class="tree-name" aria-pressed={current === id} onClick={() => choose({ id, name })}>
            <Icon name={depth === 0 ? "home" : "folder"} />
            <span>{name}</span>
          </button>
        ) : (
          <a
            class="tree-name"
            href={id === ROOT ? "#/" : formatRoute("folders", id)}
            aria-current={current === id ? "page" : undefined}
            title={name}
          >
            <Icon name={depth === 0 ? "home" : "folder"} />
            <span>{name}</span>
            {shared && <Icon name="shared" size={12} />}
          </a>
        )}
        {trials !== undefined && trials > 0 && (
          <span class="tree-count soft number" title={t("nav.trials", { n: trials.toLocaleString("en-US") })}>
            {trials.toLocaleString("en-US")}
          </span>
        )}
      </div>
      {open && shown && shown.length > 0 && (
        <ul>
          {shown.map((folder) => (
            <Branch
              key={folder.id}
              id={folder.target ?? folder.id}
              name={folder.name}
              depth={depth + 1}
              shared={folder.shared}
              trials={folder.trials_below}
              folders={folder.folders}
              current={current}
              {...more}
            />
          ))}
          {below && shown.length < below.length && (
            <li>
              <button type="button" class="quiet" onClick={() => setAll(true)}>
                {t("list.folders.all", { n: below.length })}
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

/** Up and down go to the next row, right opens or goes into a folder, left closes or goes out of it. */
function onKey(event: KeyboardEvent): void {
  const tree = event.currentTarget as HTMLElement;
  const names = [...tree.querySelectorAll<HTMLElement>(".tree-name")];
  const row = (event.target as HTMLElement).closest(".tree-row");
  const at = names.findIndex((name) => name.parentElement === row);
  if (at < 0 || !row) return;
  const twist = row.querySelector<HTMLElement>("button.twist");
  const isOpen = twist?.ariaExpanded === "true";
  const moves: Record<string, () => void> = {
    ArrowDown: () => names[at + 1]?.focus(),
    ArrowUp: () => names[at - 1]?.focus(),
    Home: () => names[0]?.focus(),
    End: () => names.at(-1)?.focus(),
    ArrowRight: () => (isOpen ? names[at + 1]?.focus() : twist?.click()),
    ArrowLeft: () =>
      isOpen
        ? twist?.click()
        : row.parentElement?.parentElement?.closest("li")?.querySelector<HTMLElement>(".tree-name")?.focus(),
  };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  move();
}
