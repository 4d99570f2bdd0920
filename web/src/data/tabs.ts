// A browser opens six connections per host over HTTP/1.1, and each stream holds one. So
// the tabs of a browser hold three streams at most, and the others poll.
const most = 3
const patience = 120 // ms for the other tabs to say that they have one

export class Tabs {
  private readonly channel: BroadcastChannel | null
  private held = false
  private others = new Set<string>()
  private readonly me = Math.random().toString(36).slice(2)

  constructor(name: string) {
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

  async mayStream(): Promise<boolean> {
    if (!this.channel) return true
    this.others.clear()
    this.say('who?')
    await new Promise((resolve) => setTimeout(resolve, patience))
    return this.others.size < most
  }

  readonly streaming = (on: boolean): void => {
    if (on === this.held) return
    this.held = on
    this.say(on ? 'holds' : 'ended')
  }
}
