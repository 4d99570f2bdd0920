import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'

// An Intercept answers a request itself, and returns whether it did.
export type Intercept = (req: IncomingMessage, res: ServerResponse) => boolean

// serve hands all requests on to a process. Tests answer some themselves, move the page
// to a prefix, and let the process go and come back behind it.
export function serve(target: string, prefix = '', intercept: Intercept = () => false): Server {
  return createServer((req, res) => {
    if (intercept(req, res)) return
    if (!req.url?.startsWith(`${prefix}/`)) {
      res.writeHead(404).end('not found')
      return
    }
    const up = request(new URL(req.url.slice(prefix.length), target), { method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    up.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end('bad gateway')))
    res.on('close', () => up.destroy())
    req.pipe(up)
  })
}
