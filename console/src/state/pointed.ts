/** The trial under the pointer, in a picture of many or in a list: it stands out in all of them. */

import { signal } from "@preact/signals";

export const pointed = signal<string | null>(null);
