/** A menu below a button: arrow keys move, Escape closes and gives the focus back. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export interface MenuItem {
  label: string;
  action?: () => void;
  href?: string;
  download?: boolean;
  danger?: boolean;
  /** One of several that exclude each other. */
  checked?: boolean;
  /** Something that is on or off. */
  ticked?: boolean;
  /** A heading above this item. */
  heading?: string;
}

interface MenuProps {
  label: string;
  icon?: IconName;
  text?: ComponentChildren;
  items: MenuItem[];
  up?: boolean;
  class?: string;
}

export function Menu({ label, icon, text, items, up, class: extra = "" }: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useOutside(box, open, () => setOpen(false));
  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>('[role^="menuitem"]')?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class={`menu ${extra}`} ref={box}>
      <button
        ref={button}
        type="button"
        class={text ? "" : "icon-button"}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {icon && <Icon name={icon} />}
        {text}
      </button>
      {open && (
        <div
          role="menu"
          aria-label={label}
          tabIndex={-1}
          class={up ? "menu-items up" : "menu-items"}
          onKeyDown={(event) => onMenuKey(event, close)}
        >
          {items.map((item) => (
            <Entry key={item.label} item={item} close={close} />
          ))}
        </div>
      )}
    </div>
  );
}

export function Entry({ item, close }: { item: MenuItem; close: () => void }) {
  const role =
    item.ticked !== undefined ? "menuitemcheckbox" : item.checked === undefined ? "menuitem" : "menuitemradio";
  const isOn = item.ticked ?? item.checked;
  const look = `menu-item${item.danger ? " danger" : ""}`;
  return (
    <>
      {item.heading && <div class="menu-heading">{item.heading}</div>}
      {item.href ? (
        <a role={role} class={look} href={item.href} download={item.download} tabIndex={-1} onClick={close}>
          {item.label}
        </a>
      ) : (
        <button
          type="button"
          role={role}
          aria-checked={isOn}
          class={look}
          tabIndex={-1}
          onClick={() => {
            close();
            item.action?.();
          }}
        >
          <span>{item.label}</span>
          {isOn && <Icon name="check" />}
        </button>
      )}
    </>
  );
}

/** Arrows, Home and End move within a menu, Escape and Tab close it. */
export function onMenuKey(event: KeyboardEvent, close: () => void): void {
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role^="menuitem"]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key === "Escape" || event.key === "Tab") {
    close();
    event.stopPropagation();
  }
  const next = moves[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[(next + items.length) % items.length]?.focus();
}

/** Call when something outside of an element is pressed. */
export function useOutside(box: { current: HTMLElement | null }, active: boolean, action: () => void): void {
  // The action is of the same component.
  useEffect(() => {
    if (!active) return;
    const listen = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) action();
    };
    addEventListener("pointerdown", listen);
    return () => removeEventListener("pointerdown", listen);
  }, [active]);
}
