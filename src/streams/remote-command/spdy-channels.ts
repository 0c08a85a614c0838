import type { Timers } from '../../env/clock.ts'
import type { SpdyStream } from '../spdy/spdy-session.ts'
import { acceptSpdy } from '../upgrade.ts'
import type { Upgrade } from '../upgrade.ts'
import { outcomeText, readSize } from './command.ts'
import type { CommandChannels, CommandStreams } from './command.ts'

/** A client that has not opened its streams after this is given up, as nodes do. */
const OPEN_TIMEOUT_MS = 30_000
const MAX_SIZE_BYTES = 4096

/** A command's channels as streams of a SPDY session, which the client opens. */
export async function spdyChannels(
  timers: Timers,
  upgrade: Upgrade,
  protocol: string,
  wanted: CommandStreams,
): Promise<CommandChannels> {
  const names = expectedStreams(protocol, wanted)
  const opened = new Map<string, SpdyStream>()
  const all = Promise.withResolvers<void>()
  const session = acceptSpdy(upgrade, protocol, (stream) => {
    const name = stream.headers['streamtype'] ?? ''
    if (!names.includes(name) || opened.has(name)) throw new Error(`unexpected stream "${name}"`)
    opened.set(name, stream)
    if (opened.size === names.length) all.resolve()
  })
  const gone = new AbortController()
  void session.closed.then(() => {
    gone.abort()
    all.reject(new Error('the client went away before it had opened its streams'))
  })
  const timer = timers.after(OPEN_TIMEOUT_MS, () => session.close())
  await all.promise.finally(() => timer.cancel())
  const { stdin, stdout, stderr, error, resize } = Object.fromEntries(opened)
  return {
    ...(stdin !== undefined && { stdin }),
    ...(stdout !== undefined && { stdout }),
    ...(stderr !== undefined && { stderr }),
    gone: gone.signal,
    onResize: (listener) => void readSizes(resize, listener),
    async finish(outcome) {
      const text = outcomeText(protocol, outcome)
      await new Promise<void>((resolve) => {
        error?.end(text, () => resolve())
        error?.once('close', () => resolve())
      })
      session.close()
    },
  }
}

function expectedStreams(protocol: string, { stdin, stdout, stderr, tty }: CommandStreams): readonly string[] {
  const hasResize = tty && /^v[345]\./.test(protocol)
  return [
    'error',
    ...(stdin ? ['stdin'] : []),
    ...(stdout ? ['stdout'] : []),
    ...(stderr && !tty ? ['stderr'] : []),
    ...(hasResize ? ['resize'] : []),
  ]
}

/** Sizes come as JSON objects behind each other, each of which ends with a brace (and a line end). */
async function readSizes(
  stream: SpdyStream | undefined,
  listener: (columns: number, rows: number) => void,
): Promise<void> {
  let rest = ''
  for await (const chunk of stream ?? []) {
    rest = (rest + String(chunk)).slice(-MAX_SIZE_BYTES)
    const end = rest.lastIndexOf('}')
    if (end < 0) continue
    for (const text of rest.slice(0, end + 1).split(/(?<=\})\s*/)) readSize(text, listener)
    rest = rest.slice(end + 1)
  }
}
