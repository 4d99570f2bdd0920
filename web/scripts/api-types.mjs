// Writes src/data/openapi.d.ts from docs/openapi.json. With --check it fails if the
// file is stale.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'

const source = new URL('../../docs/openapi.json', import.meta.url)
const target = new URL('../src/data/openapi.d.ts', import.meta.url)
const text = `// Generated from docs/openapi.json by scripts/api-types.mjs. DO NOT EDIT.\n\n${astToString(await openapiTS(source))}`

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8')) !== text) {
    console.error('web/src/data/openapi.d.ts is stale: run "npm run api" in web')
    process.exit(1)
  }
} else {
  await writeFile(target, text)
}
