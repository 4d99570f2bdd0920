import type { Origin, Sent } from './program'

const hour = 3_600_000 // ms

// Ids beside each other beyond 2^53, and at the ends of 63 and 64 bits.
export const guilds = ['7', '1200000000000000001', '1200000000000000003', '9223372036854775807', '9223372036854775808', '18446744073709551615']

const sizes = ['under_100', '100_to_999', '1000_to_9999', '10000_or_more']

// random has the same numbers for the same seed: mulberry32.
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

// traffic is what two bots did in some hours before a time: one released v2 four hours
// before it, one cluster after the other. At two full hours something hits each guild.
export function traffic(end: number, hours: number): [Origin, Sent[]][] {
  const next = random(16)
  const one = <T,>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T
  const all = new Map<string, [Origin, Sent[]]>()
  const add = (origin: Origin, event: Sent): void => {
    const key = JSON.stringify(origin)
    const known = all.get(key) ?? [origin, []]
    known[1].push(event)
    all.set(key, known)
  }
  for (let n = 0; n < 6_000; n++) {
    const at = Math.floor(end - next() * hours * hour)
    const cluster = one(['0', '1', '2'])
    const version = at < end - (4 - Number(cluster)) * hour ? 'v1' : 'v2'
    const origin = { bot: next() < 0.1 ? 'other' : 'mybot', region: cluster === '2' ? 'eu-central' : 'us-east', cluster, version }
    const guild = one([...guilds, undefined])
    const place = { 'discord.guild.id': guild, 'discord.guild.size': guild === undefined || next() < 0.3 ? undefined : one(sizes) }
    const kind = next()
    if (kind < 0.05) {
      add(origin, { name: one(['discord.guild.joined', 'discord.guild.joined', 'discord.guild.left', 'discord.guild.unavailable']), at, attributes: { 'discord.shard.id': cluster, ...place } })
      continue
    }
    const [type, command, typical] = one([
      ['application_command', 'play', 0.2],
      ['application_command', 'report', version === 'v2' ? 2.8 : 0.05],
      ['application_command', 'mod ban', 0.9],
      ['autocomplete', 'play', 0.01],
      ['message_component', undefined, undefined],
    ] as const)
    const seconds = typical === undefined ? undefined : typical * Math.exp(next() + next() + next() - 1.5)
    const fails = next() < (command === 'report' && version === 'v2' ? 0.3 : 0.02)
    add(origin, {
      name: 'discord.interaction.completed',
      at,
      attributes: {
        'discord.interaction.type': type,
        'discord.command': command,
        'discord.interaction.outcome': (seconds ?? 0) > 3 ? 'late' : next() < 0.05 ? one(['rejected', 'missed', 'answered_elsewhere', 'superseded', undefined]) : 'in_time',
        'discord.interaction.handler.duration': seconds,
        'error.type': fails ? one(['50013', '10062', 'timeout']) : undefined,
        'discord.interaction.locale': one(['de', 'en-US', 'pt-BR', undefined]),
        'discord.interaction.context': guild === undefined ? one(['bot_dm', 'private_channel', undefined]) : 'guild',
        'discord.interaction.installation': one(['guild', 'user', 'guild_and_user', undefined]),
        ...place,
      },
    })
  }
  for (const guild of guilds) {
    for (const ago of [2, 1]) {
      const attributes = { 'discord.interaction.type': 'application_command', 'discord.command': 'play', 'discord.interaction.outcome': 'missed', 'discord.guild.id': guild }
      add({ bot: 'mybot', region: 'us-east', cluster: '0', version: 'v2' }, { name: 'discord.interaction.completed', at: end - ago * hour, attributes })
    }
  }
  return [...all.values()]
}
