import { defineConfig } from "vite";

// The server serves exactly the files that this writes: names with a hash below assets/, and one page. Every address
// is relative, so that the console also works below a path of a proxy, and nothing is inlined, for the strict policy.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../aimd_server/static",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    target: "es2022",
  },
});
