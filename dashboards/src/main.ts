// Writes the dashboards to ../json, or to the given folder.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fleet } from "./fleet";
import { gateway } from "./gateway";
import { interactions } from "./interactions";
import { overview } from "./overview";
import { rest } from "./rest";

const committed = join(__dirname, "..", "json");
const folder = process.argv[2] ? resolve(process.argv[2]) : committed;
mkdirSync(folder, { recursive: true });
if (folder === committed) {
  // Remove dashboards that no longer have a source.
  readdirSync(folder).forEach((name) => rmSync(join(folder, name)));
}
for (const board of [overview(), interactions(), gateway(), rest(), fleet()]) {
  writeFileSync(join(folder, `${board.uid}.json`), `${JSON.stringify(board, null, 2)}\n`);
}
