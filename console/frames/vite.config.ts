import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Leave scripts compressed only: they are large, and the server sends them as they lie on the disk. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = "" }) {
      for (const name of readdirSync(join(dir, "assets")).filter((file) => file.endsWith(".js"))) {
        const file = join(dir, "assets", name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
        rmSync(file);
      }
    },
  };
}

// Pages for frames of an origin of their own, with what they draw figures and objects with. The console loads none of it.
export default defineConfig({
  base: "./",
  plugins: [compressed()],
  build: {
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    target: "es2022",
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: ["figure.html", "object.html"] },
  },
});
