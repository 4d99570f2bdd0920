// Writes the dashboards to ../json and ../clickhouse, or all of them to the given folder.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { analytics } from "./analytics";
import { fleet } from "./fleet";
import { gateway } from "./gateway";
import { interactions } from "./interactions";
import { overview } from "./overview";
import { rest } from "./rest";

const given = process.argv[2];
// Grafana has a data source for Prometheus wherever these are of use; that for ClickHouse is a plugin.
const folders = {
  json: [overview(), interactions(), gateway(), rest(), fleet()],
  clickhouse: [analytics()],
};
for (const [name, boards] of Object.entries(folders)) {
  const folder = given ? resolve(given) : join(__dirname, "..", name);
  mkdirSync(folder, { recursive: true });
  if (!given) {
    // Remove dashboards that no longer have a source.
    readdirSync(folder).forEach((file) => rmSync(join(folder, file)));
  }
  for (const board of boards) {
    writeFileSync(join(folder, `${board.uid}.json`), `${JSON.stringify(board, null, 2)}\n`);
  }
}
