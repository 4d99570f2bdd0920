// Writes the types of both APIs from their descriptions in docs. With --check it fails if a
// file is stale.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'

const apis = [
  ['docs/openapi.json', 'src/data/openapi.d.ts'],
  ['docs/fleet-openapi.json', 'src/fleet/data/openapi.d.ts'],
]

for (const [source, target] of apis) {
  const text = `// Generated from ${source} by scripts/api-types.mjs. DO NOT EDIT.\n\n${astToString(await openapiTS(new URL(`../../${source}`, import.meta.url)))}`
  const file = new URL(`../${target}`, import.meta.url)
  if (!process.argv.includes('--check')) await writeFile(file, text)
  else if ((await readFile(file, 'utf8')) !== text) {
    console.error(`web/${target} is stale: run "npm run api" in web`)
    process.exitCode = 1
  }
}
