// Serves the built page, with the headers of the Go program, and hands requests for data
// on to a process. For tests and development only.
// Usage: node scripts/serve.mjs PORT http://127.0.0.1:9191 [/prefix]
import { readFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../../internal/page/dist', import.meta.url))
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' }
export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

export function serve(target, { prefix = '', intercept } = {}) {
  const state = { target }
  const server = createServer(async (req, res) => {
    if (intercept?.(req, res)) return
    if (!req.url.startsWith(`${prefix}/`)) return res.writeHead(404).end('not found')
    const path = req.url.slice(prefix.length)
    const file = path.split('?')[0]
    if (file === '/' || file.startsWith('/assets/')) {
      try {
        const name = file === '/' ? 'index.html' : normalize(file)
        const body = await readFile(join(dist, name))
        res.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' })
        return res.end(body)
      } catch {
        return res.writeHead(404).end('not found')
      }
    }
    if (file === '/page.json' && !state.settings) return res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"version":1,"grafana":"","trace":"","auth":false}')
    if (file === '/catalog.json') return res.writeHead(200, { 'Content-Type': 'application/json' }).end(await readFile(new URL('../../docs/metrics.json', import.meta.url)))
    const up = request(new URL(path, state.target), { method: req.method, headers: { ...req.headers, host: new URL(state.target).host } }, (answer) => {
      res.writeHead(answer.statusCode, answer.headers)
      answer.pipe(res)
    })
    up.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end('bad gateway')))
    res.on('close', () => up.destroy())
    req.pipe(up)
  })
  return { server, state }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, target, prefix] = process.argv.slice(2)
  serve(target, { prefix }).server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}${prefix ?? ''}/`))
}
