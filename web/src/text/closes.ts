import type { Shard } from '../data/api'

// What Discord's close codes mean, and those of WebSocket that are in use.
const meanings: Record<string, string> = {
  1000: 'normal closure',
  1001: 'going away',
  1011: 'server error',
  1012: 'service restart',
  4000: 'unknown error',
  4001: 'unknown opcode',
  4002: 'decode error',
  4003: 'not authenticated',
  4004: 'authentication failed',
  4005: 'already authenticated',
  4007: 'invalid sequence number',
  4008: 'rate limited',
  4009: 'session timed out',
  4010: 'invalid shard',
  4011: 'sharding required',
  4012: 'invalid API version',
  4013: 'invalid intents',
  4014: 'disallowed intents',
  none: 'no close code',
}

type LastClose = Pick<NonNullable<Shard['last_close']>, 'code' | 'initiator'>

// closed says with which code a connection ended, what the code means, and who ended it.
export function closed({ code, initiator }: LastClose): string {
  const meaning = meanings[code]
  const how = code === 'none' ? meaning : meaning ? `${code}, ${meaning}` : code
  return `${how}, by ${initiator === 'discord' ? 'Discord' : initiator === 'client' ? 'the bot' : 'the network'}`
}
