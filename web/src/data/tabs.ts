// A browser opens six connections per host over HTTP/1.1, and each stream holds one. So
// the tabs of a browser hold three streams at most, and the others poll. A stream is one
// of three locks of the browser; where there are none, as without TLS, the tabs ask each
// other, which a busy machine may be too slow for.
const most = 3
const patience = 120 // ms for the other tabs to say that they have one

export class Tabs {
  private readonly channel: BroadcastChannel | null
  private held = false
  private others = new Set<string>()
  private readonly me = Math.random().toString(36).slice(2)
  private release: (() => void) | null = null // of the lock

  constructor(
    private readonly name: string,
    private readonly locks: LockManager | undefined = globalThis.navigator?.locks,
  ) {
    this.channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name)
    this.channel?.addEventListener('message', (event: MessageEvent<{ says: string; tab: string }>) => {
      const { says, tab } = event.data
      if (says === 'who?' && this.held) this.say('holds')
      if (says === 'holds') this.others.add(tab)
      if (says === 'ended') this.others.delete(tab)
    })
  }

  private say(says: string): void {
    this.channel?.postMessage({ says, tab: this.me })
  }

  close(): void {
    this.channel?.close()
  }

  private async lock(locks: LockManager): Promise<boolean> {
    for (let n = 0; n < most && !this.release; n++) {
      await new Promise<void>((taken) => {
        void locks.request(`${this.name}-${n}`, { ifAvailable: true }, (lock) => {
          const held = lock ? new Promise<void>((release) => (this.release = release)) : null
          taken()
          return held
        })
      })
    }
    return this.release !== null
  }

  async mayStream(): Promise<boolean> {
    if (this.locks) return this.lock(this.locks)
    if (!this.channel) return true
    this.others.clear()
    this.say('who?')
    await new Promise((resolve) => setTimeout(resolve, patience))
    return this.others.size < most
  }

  readonly streaming = (on: boolean): void => {
    if (!on) {
      this.release?.()
      this.release = null
    }
    if (on === this.held) return
    this.held = on
    this.say(on ? 'holds' : 'ended')
  }
}
