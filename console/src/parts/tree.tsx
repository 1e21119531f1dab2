/** The folder tree of the navigation, and the same for choosing where to move something. */

import { useEffect, useState } from "preact/hooks";
import type { Folder } from "../api/types";
import { children, expanded, loadChildren, ROOT, toggle } from "../state/folders";
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
    <ul class="tree">
      <Branch id={ROOT} name={t(homeWord())} depth={0} current={current} {...(choose ? { choose } : {})} />
    </ul>
  );
}

interface BranchProps extends TreeProps {
  id: string;
  name: string;
  depth: number;
  shared?: boolean | undefined;
}

function Branch({ id, name, depth, shared, current, choose }: BranchProps) {
  const open = expanded.value.has(id);
  const below = useChildren(id, open);
  const [all, setAll] = useState(false);
  const shown = all ? below : below?.slice(0, 100);
  const more = choose ? { choose } : {};
  return (
    <li>
      <div class={`tree-row${current === id ? " current" : ""}`} data-depth={Math.min(depth, 8)}>
        <button
          type="button"
          class={`twist${below?.length === 0 ? " leaf" : ""}`}
          aria-expanded={open}
          aria-label={t(open ? "nav.collapse" : "nav.expand", { name })}
          onClick={() => toggle(id, !open)}
        >
          <Icon name="chevron" size={12} />
        </button>
        {choose ? (
          <button type="button" class="tree-name" aria-pressed={current === id} onClick={() => choose({ id, name })}>
            <Icon name={depth === 0 ? "home" : "folder"} />
            <span>{name}</span>
          </button>
        ) : (
          <a
            class="tree-name"
            href={id === ROOT ? "#/" : `#/folders/${encodeURIComponent(id)}/`}
            aria-current={current === id ? "page" : undefined}
            title={name}
          >
            <Icon name={depth === 0 ? "home" : "folder"} />
            <span>{name}</span>
            {shared && <Icon name="shared" size={12} />}
          </a>
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
