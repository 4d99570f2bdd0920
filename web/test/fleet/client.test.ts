import { describe, expect, it } from 'vitest'
import { Failure } from '../../src/data/api'
import { Client, fleetAddress } from '../../src/fleet/data/client'

interface Call {
  at: string
  init: RequestInit
}

function client(...answers: (Response | Error)[]): { client: Client; calls: Call[] } {
  const calls: Call[] = []
  const request = async (at: unknown, init: RequestInit = {}): Promise<Response> => {
    calls.push({ at: String(at), init })
    const answer = answers.shift()
    if (!answer || answer instanceof Error) throw answer ?? new Error('no more answers')
    return answer
  }
  return { client: new Client(request as typeof fetch), calls }
}

const json = (body: unknown, init: ResponseInit = {}): Response => new Response(JSON.stringify(body), init)
const header = (call: Call | undefined, name: string): string | undefined => (call?.init.headers as Record<string, string> | undefined)?.[name]

describe('Client', () => {
  it('asks with the ETag, and gives the same object while nothing has changed', async () => {
    const { client: c, calls } = client(json({ n: 1 }, { headers: { ETag: '"a"' } }), new Response(null, { status: 304 }), json({ n: 2 }, { headers: { ETag: '"b"' } }))
    const first = await c.get('./x')
    expect(await c.get('./x')).toBe(first)
    expect(await c.get('./x')).toEqual({ n: 2 })
    expect(calls.map((call) => header(call, 'If-None-Match'))).toEqual([undefined, '"a"', '"a"'])
  })
  it('remembers few documents, and after a logout none', async () => {
    const { client: c, calls } = client(...Array.from({ length: 30 }, (_, i) => json({ i }, { headers: { ETag: `"${i}"` } })))
    for (let i = 0; i < 26; i++) await c.get(`./${i}`)
    await c.get('./0')
    await c.get('./25')
    c.forget()
    await c.get('./25')
    expect(calls.slice(-3).map((call) => header(call, 'If-None-Match'))).toEqual([undefined, '"25"', undefined])
  })
  it('tells why it has no answer', async () => {
    const { client: c } = client(json({ error: 'range: "2h" is none of 15m, 1h, 6h, 24h' }, { status: 400 }), new Error('network'), new Response('<html>', { status: 502, headers: { 'Retry-After': '7' } }))
    await expect(c.get('./x')).rejects.toEqual(new Failure(400, 'range: "2h" is none of 15m, 1h, 6h, 24h'))
    await expect(c.get('./x')).rejects.toEqual(new Failure(0, 'no answer'))
    await expect(c.get('./x')).rejects.toMatchObject({ status: 502, retryAfter: 7 })
  })
  it('sends JSON, and takes an answer without content', async () => {
    const { client: c, calls } = client(json({ id: 'x' }, { status: 201 }), new Response(null, { status: 204 }), json({ error: 'this needs the role operator' }, { status: 403 }))
    expect(await c.send('POST', './mutes', { minutes: 5 })).toEqual({ id: 'x' })
    expect(await c.send('DELETE', './mutes/x')).toBeNull()
    await expect(c.send('POST', './forget', {})).rejects.toMatchObject({ status: 403, message: 'this needs the role operator' })
    expect(calls.map(({ init }) => [init.method, init.body])).toEqual([['POST', '{"minutes":5}'], ['DELETE', undefined], ['POST', '{}']])
  })
  it('leaves out of an address what is empty', () => {
    expect(fleetAddress('cluster', { job: 'a b', bot: '', region: undefined, cluster: 'x&y' })).toBe('./api/fleet/v1/cluster?job=a+b&cluster=x%26y')
  })
})
