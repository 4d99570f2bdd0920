export interface Message {
  id: string
  event: string
  data: string
}

// A Parser cuts a stream of server-sent events into messages.
export class Parser {
  private rest = ''
  private seen = 0 // of the rest: it has no end of a line
  private id = ''
  private event = ''
  private data: string[] = []

  // push returns the messages that end in a piece of text.
  push(text: string): Message[] {
    const messages: Message[] = []
    this.rest += text
    let from = 0
    for (let end = this.rest.indexOf('\n', this.seen); end >= 0; end = this.rest.indexOf('\n', from)) {
      const line = this.rest.slice(from, end).replace(/\r$/, '')
      from = end + 1
      if (line !== '') {
        this.field(line)
        continue
      }
      if (this.data.length > 0) messages.push({ id: this.id, event: this.event || 'message', data: this.data.join('\n') })
      this.event = ''
      this.data = []
    }
    this.rest = this.rest.slice(from)
    this.seen = this.rest.length
    return messages
  }

  private field(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'id') this.id = value
    else if (name === 'event') this.event = value
    else if (name === 'data') this.data.push(value)
  }
}
