// An actor as a rate limiter: tasks on all workers ask it before they call a service that bears only so many calls in a while. It is one
// object on one worker, so that nobody has to agree with anybody.
//
//     bin/shoal run examples/rate-limiter/main.ts [CALLS] [LIMIT] [WINDOW_MS]
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'shoal'

const [calls = 30, limit = 6, windowMs = 250] = process.argv.slice(2).map(Number)

/** Lets at most `limit` callers through in any window of time, in the order in which they came. */
class RateLimiter {
  readonly limit: number
  readonly windowMs: number
  /** When the last `limit` callers were let through. */
  readonly recent: number[] = []

  constructor(limit: number, windowMs: number) {
    this.limit = limit
    this.windowMs = windowMs
  }

  /** Resolves when the caller may go; calls are answered one after the other, so that the next one waits as well. */
  async acquire(): Promise<number> {
    const oldest = this.recent.length < this.limit ? undefined : this.recent.shift()
    for (let now = performance.now(); oldest !== undefined && now - oldest <= this.windowMs; now = performance.now()) {
      await sleep(Math.ceil(this.windowMs - (now - oldest)) + 1)
    }
    const now = performance.now()
    this.recent.push(now)
    return now
  }
}

await using shoal = await connect({ workers: { count: 2, threads: 3, cpu: '100m' } })
const limiter = shoal.actor(RateLimiter, { args: [limit, windowMs] })
const numbers = Array.from({ length: calls }, (_, index) => index)
const called = await shoal.map(numbers, async (call) => ({ call, at: await limiter.acquire(), worker: process.pid }), {
  chunkSize: 1,
})

const times = called.map(({ at }) => at).sort((a, b) => a - b)
const most = times.reduce(
  (all, start) => Math.max(all, times.filter((at) => at >= start && at < start + windowMs).length),
  0,
)
const workers = new Set(called.map(({ worker }) => worker)).size
console.log(`${calls} calls from ${workers} workers: at most ${most} within ${windowMs} ms, ${limit} allowed`)
console.log(times.map((at) => Math.round(at - times[0]!)).join(' '))
