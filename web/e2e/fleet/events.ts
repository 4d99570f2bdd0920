import type { EventBots, EventCommand, EventCommands, EventGrowth, EventGuild, EventGuildsHit, EventIngest, EventRelease, EventVersions } from '../../src/fleet/data/api'

const hour = 3_600_000
const day = 24 * hour

type Tally = { runs: number; failures: number; in_time: number; not_in_time: number }
const tally = (runs: number, failures: number, missed: number): Tally => ({ runs, failures, in_time: runs - missed, not_in_time: missed })

// hostile names are those that a page must only show.
export const hostile = ['<img src=x onerror=alert(1)>', '=cmd()', '\u202egnp.exe']

const commands: { type: string; command: string | null; now: Tally; before: Tally; p95: [number, number] | null }[] = [
  { type: 'application_command', command: 'survey', now: tally(55_020, 58, 53_900), before: tally(54_100, 50, 60), p95: [0.12, 3.9] },
  { type: 'application_command', command: 'report', now: tally(266_210, 1_070, 164_500), before: tally(264_000, 1_000, 260), p95: [0.31, 3.62] },
  { type: 'application_command', command: 'mod ban', now: tally(6_240, 2_377, 18), before: tally(6_100, 2_330, 12), p95: [0.21, 0.22] },
  { type: 'application_command', command: 'play', now: tally(114_700, 1_376, 220), before: tally(112_000, 1_350, 215), p95: [0.41, 0.43] },
  { type: 'autocomplete', command: 'play', now: tally(90_120, 0, 180), before: tally(88_000, 0, 170), p95: [0.05, 0.05] },
  { type: 'application_command', command: 'help', now: tally(17_208, 2, 8), before: tally(17_000, 1, 8), p95: [0.11, 0.11] },
  { type: 'message_component', command: null, now: tally(40_400, 120, 81), before: tally(41_000, 118, 80), p95: null },
  ...hostile.map((command) => ({ type: 'application_command', command, now: tally(12, 1, 0), before: tally(9, 0, 0), p95: [0.1, 0.1] as [number, number] })),
]

export const guilds = ['18446744073709551615', '1200000000000000001', '866119348350167044']

const iso = (ms: number): string => new Date(ms).toISOString()
const floor = (ms: number, step: number): number => Math.floor(ms / step) * step
const ceil = (ms: number, step: number): number => Math.ceil(ms / step) * step

// eventDocument answers a question about events of a bot that got worse an hour ago.
export function eventDocument(path: string, p: URLSearchParams): object | null {
  const now = Date.now()
  const to = p.has('to') ? Date.parse(p.get('to') ?? '') : now
  const from = p.has('from') ? Date.parse(p.get('from') ?? '') : to - day
  const window = (step: number): { bot: string; from: string; to: string } => ({ bot: p.get('bot') ?? '', from: iso(floor(from, step)), to: iso(ceil(to, step)) })
  const head = (...asked: string[]) => ({ version: 1 as const, at: iso(now), query: Object.fromEntries(asked.map((q) => [q, `SELECT sum(runs) AS runs\nFROM hourly_${q}\nWHERE bot = {bot:String}`])) })
  const steps = (step: number): number[] => Array.from({ length: Math.max(Math.ceil((ceil(to, hour) - floor(from, step)) / step), 0) }, (_, i) => floor(from, step) + i * step)
  const step = to - from > 30 * day ? day : hour
  const busy = (at: number): number => Math.round(20_000 + 8_000 * Math.sin((at / day) * 2 * Math.PI))
  const bad = (at: number): boolean => at >= floor(now, hour) - hour
  const trend = steps(step).map((at) => ({ start: iso(at), ...tally(busy(at), bad(at) ? 900 : 120, bad(at) ? 9_000 : 40), p50: 0.08, p95: bad(at) ? 3.4 : 0.41 }))
  const figures = (which: 'now' | 'before') => commands.map((c) => ({ type: c.type, command: c.command, ...c[which], p50: c.p95 ? c.p95[0] / 2 : null, p95: c.p95 ? c.p95[which === 'now' ? 1 : 0] : null, runs_before: c.before.runs }))
  switch (path) {
    case 'bots':
      return { ...head('bots'), bots: [{ bot: 'mybot', first: iso(now - 40 * day), last: iso(floor(now, hour)), guild_ids: true }, { bot: 'old', first: iso(now - 90 * day), last: iso(floor(now, hour) - 30 * day), guild_ids: false }] } satisfies EventBots
    case 'commands':
      return { ...head('commands', 'trend'), window: window(hour), step_seconds: step / 1000, commands: figures('now'), commands_before: figures('before'), trend } satisfies EventCommands
    case 'command': {
      const c = commands.find((c) => c.command === p.get('command')) ?? commands[0]
      if (!c) return null
      const parts: EventCommand['parts'] = [
        { dimension: 'error_type', ...c.now, runs: c.now.runs - c.now.failures, failures: 0 },
        { dimension: 'error_type', error_type: '50013', ...tally(c.now.failures, c.now.failures, 0) },
        { dimension: 'cluster', region: 'eu-central', cluster: 'eu-07', ...c.now },
        { dimension: 'version', version: 'v2.14.0', ...c.now },
      ]
      return { ...head('command', 'trend'), window: window(hour), step_seconds: step / 1000, parts, trend } satisfies EventCommand
    }
    case 'versions':
      return { ...head('versions'), window: window(hour), versions: versions(now) } satisfies EventVersions
    case 'release': {
      const side = (c: (typeof commands)[number], which: 'now' | 'before') => ({ ...c[which], p50: c.p95 ? c.p95[0] / 2 : null, p95: c.p95 ? c.p95[which === 'now' ? 1 : 0] : null })
      return { ...head('versions', 'release'), window: window(hour), before: p.get('before') ?? 'v2.13.4', after: p.get('after') ?? 'v2.14.0', versions: versions(now), changes: commands.map((c) => ({ type: c.type, command: c.command, before: side(c, 'before'), after: side(c, 'now') })) } satisfies EventRelease
    }
    case 'guilds-hit':
      return { ...head('guilds_hit'), window: { bot: p.get('bot') ?? '', from: iso(from), to: iso(to) }, guilds: guilds.map((guild, i) => ({ guild, ...tally(440 - 100 * i, 3, 214 - 40 * i), outages: i, size: i === 1 ? null : '10000_or_more', last: iso(now - i * 60_000) })), left_out: 25_961 } satisfies EventGuildsHit
    case 'growth': {
      const days = Array.from({ length: Math.round((ceil(to, day) - floor(from, day)) / day) }, (_, i) => floor(from, day) + i * day)
      const place = (context: string, installation: string, runs: number) => ({ dimension: 'place' as const, context, installation, ...tally(runs, 1, 2) })
      return {
        ...head('growth', 'sizes', 'audience', 'users'),
        window: window(day),
        days: days.map((at, i) => ({ day: iso(at), joins: 3_200 + 200 * (i % 4), leaves: i === days.length - 1 ? 2_310 : 1_500 + 90 * (i % 5), interactions: 741_000, active_guilds: 190_000 + 300 * i })),
        sizes: [{ size: '10000_or_more', guilds: 3_204, ...tally(37_800, 90, 2_268) }, { size: 'under_100', guilds: 1_412_080, ...tally(282_416, 900, 11_000) }, { size: null, guilds: 17, ...tally(20, 0, 0) }],
        audience: [...['en-US', 'de', 'fr', 'pt-BR'].map((locale, i) => ({ dimension: 'locale' as const, locale, ...tally(283_062 >> i, 1, 2) })), place('guild', 'guild', 692_411), place('guild', 'user', 31_020), place('bot_dm', 'user', 17_560)],
        users: days.map((at, i) => ({ day: iso(at), users: 410_000 + 900 * i })),
      } satisfies EventGrowth
    }
    case 'guild':
      return { ...head('guild', 'guild_trend'), window: { bot: p.get('bot') ?? '', from: iso(from), to: iso(to) }, trend_window: window(hour), step_seconds: step / 1000, commands: figures('now').slice(0, 4).map(({ runs_before: _, ...c }) => ({ ...c, ...tally(40, 1, 3) })), trend: trend.slice(2).map(({ p50: _, p95: __, ...s }, i) => ({ ...s, ...tally(7, i % 5 === 0 ? 1 : 0, 0), joins: i === 0 ? 1 : 0, leaves: 0, outages: i === 3 ? 1 : 0 })) } satisfies EventGuild
    case 'ingest':
      return { ...head('ingest'), window: window(hour), store: 'ClickHouse', retention_seconds: 90 * 86400, hourly_retention_seconds: 730 * 86400, ingest: [{ region: 'eu-central', cluster: 'eu-07', result: 'taken', reason: 'on_time', events: 25_614_203 }, { region: 'eu-central', cluster: 'eu-21', result: 'dropped', reason: 'queue_full', events: 1_240 }] } satisfies EventIngest
    default:
      return null
  }
}

const versions = (now: number): EventVersions['versions'] => [
  { version: 'v2.13.4', first: iso(now - 20 * day), last: iso(floor(now, hour) - hour), ...tally(583_209, 4_850, 800) },
  { version: 'v2.14.0', first: iso(floor(now, hour) - hour), last: iso(floor(now, hour)), ...tally(589_934, 5_000, 218_907) },
]
