// A Clock tells the server's time. It takes that from the documents, and only measures
// how long ago they came, so a browser whose clock is off does not matter. After the
// computer was asleep the wall clock has gone on and the monotonic one perhaps not, so
// the larger difference counts.
export class Clock {
  private at = 0
  private wall = 0
  private ticks = 0

  constructor(
    private readonly date: () => number = () => Date.now(),
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  // heard sets the clock by a document that has just come.
  heard(at: number): void {
    if (this.at > 0 && at < this.now() - this.since()) return // an older document
    this.at = at
    this.wall = this.date()
    this.ticks = this.monotonic()
  }

  get known(): boolean {
    return this.at > 0
  }

  // since is the time in ms since something was heard.
  since(): number {
    return Math.max(this.date() - this.wall, this.monotonic() - this.ticks, 0)
  }

  // now is the server's time, in ms since 1970.
  now(): number {
    return this.at > 0 ? this.at + this.since() : this.date()
  }

  forget(): void {
    this.at = 0
  }
}
