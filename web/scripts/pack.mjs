// Compresses the built files beside themselves, and fails if they are too large.
// The bytes depend on the files alone: zopfli is WebAssembly, and writes neither a time
// nor a name.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipAsync } from '@gfx/zopfli'

const pages = [
  { folder: 'internal/page/dist', limit: 60 * 1024 },
  { folder: 'fleet/internal/page/dist', limit: 80 * 1024 },
]

for (const { folder, limit } of pages) {
  const dist = fileURLToPath(new URL(`../../${folder}`, import.meta.url))
  const names = (await readdir(dist, { recursive: true })).filter((name) => !name.endsWith('.gz')).sort()
  let total = 0
  for (const name of names) {
    const path = join(dist, name)
    if (!(await stat(path)).isFile()) continue
    const packed = await gzipAsync(await readFile(path), { numiterations: 15 })
    if (name !== 'index.html') await writeFile(`${path}.gz`, packed)
    total += packed.length
    console.log(`${String(packed.length).padStart(7)} ${name}`)
  }
  console.log(`${String(total).padStart(7)} gzipped, of ${limit}, in ${folder}`)
  if (total > limit) {
    console.error(`${folder} is too large`)
    process.exitCode = 1
  }
}
