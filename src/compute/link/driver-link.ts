import type { Duplex } from 'node:stream'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { ComputeError } from '../errors.ts'
import { GREETING_MS } from '../wire/handshake.ts'
import { secured } from '../wire/secure.ts'
import type { Trust } from '../wire/secure.ts'
import { readGreeting, sendGreeting } from './greet.ts'
import { createResumableLink } from './resumable-link.ts'
import type { ResumableLink } from './resumable-link.ts'

/** The driver's end of the link to its coordinator: made again whenever it is cut. */
export interface DriverLink {
  readonly link: ResumableLink
  /** Begins to try: the coordinator runs. */
  connect(): void
  /** Resolves when the coordinator has answered for the first time; rejects where it never can. */
  readonly connected: Promise<void>
  /** Why nothing is heard of the coordinator, with numbers; undefined where it is heard. */
  whyCut(): string | undefined
  close(): void
}

export interface DriverLinkOptions {
  readonly env: Environment
  readonly session: string
  readonly trust: Trust
  /** A connection to the coordinator's port. */
  readonly dial: (signal: AbortSignal) => Promise<Duplex>
  /** What is the matter, after a try that failed. A `ComputeError` says that there is no use in trying again. */
  readonly diagnose: () => Promise<string | undefined>
  /** How long it may be cut, in milliseconds. */
  readonly awayMs: number
  onMessage(channel: number, body: Uint8Array<ArrayBuffer>): void
  onRoom(): void
  /** The coordinator has no memory of us: what it was told is to be told again. */
  onForgotten(): void
  /** Cut, and tried again: every few seconds while it lasts. */
  onCut(why: string): void
  /** The coordinator is heard, for the first time or again. */
  onBack(): void
  /** It is not coming back. */
  onLost(error: ComputeError): void
}

const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 5_000
const FIRST_WORD_MS = 2_000
/** One try: an API server that hangs is as good as none. */
const DIAL_MS = 30_000

export function connectDriverLink(options: DriverLinkOptions): DriverLink {
  const { env } = options
  const stopped = new AbortController()
  const connected = Promise.withResolvers<void>()
  connected.promise.catch(() => {})
  const cut = createCut(env)
  const link = createResumableLink({
    ...options,
    onDetached(error) {
      cut.begin(error?.message ?? 'the other side closed it')
      void connectAgain()
    },
  })
  const whyCut = () => (link.isAttached ? undefined : cut.why())
  const lose = (error: ComputeError) => {
    connected.reject(error)
    options.onLost(error)
  }
  const connectAgain = async () => {
    for (let pauseMs = FIRST_PAUSE_MS; !stopped.signal.aborted; pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2)) {
      try {
        await connectOnce(options, link, cut, stopped.signal)
        if (stopped.signal.aborted) return
        options.onBack()
        return connected.resolve()
      } catch (error) {
        if (stopped.signal.aborted) return
        const found = await options.diagnose().catch((reason: unknown) => reason as Error)
        if (found instanceof ComputeError) return lose(found)
        cut.problem(typeof found === 'string' ? found : (error as Error).message)
      }
      if (cut.awayMs() > options.awayMs) return lose(cut.lost())
      const why = whyCut()
      // Its program takes a moment to listen: nothing to speak of.
      if (why !== undefined && (cut.wasConnected || cut.awayMs() > FIRST_WORD_MS)) options.onCut(why)
      await sleep(env.timers, pauseMs, stopped.signal).catch(() => {})
    }
  }
  return {
    link,
    connect() {
      cut.begin()
      void connectAgain()
    },
    connected: connected.promise,
    whyCut,
    close() {
      stopped.abort(new Error('the link was closed'))
      connected.reject(new Error('the link was closed'))
      link.close()
    },
  }
}

/** One try: dials, greets, and goes on where both sides know that they were. */
async function connectOnce(
  options: DriverLinkOptions,
  link: ResumableLink,
  cut: Cut,
  signal: AbortSignal,
): Promise<void> {
  const stream = await dialWithin(options, AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)]))
  const socket = secured(stream, options.trust, 'coordinator')
  socket.on('error', (error) => cut.problem(error.message))
  const timer = options.env.timers.after(GREETING_MS, () => socket.destroy(new Error('no greeting came')))
  try {
    sendGreeting(socket, { session: link.session, position: link.position() })
    const theirs = await readGreeting(socket)
    if (signal.aborted) return void socket.destroy()
    const isForgotten = theirs.isNew === true && cut.wasConnected
    if (isForgotten) link.reset()
    cut.end()
    link.attach(socket, theirs.position)
    if (isForgotten) options.onForgotten()
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    timer.cancel()
  }
}

/** The connection, or the signal's reason: whatever comes after that is closed. */
function dialWithin({ dial }: DriverLinkOptions, signal: AbortSignal): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const giveUp = () => reject(signal.reason)
  signal.addEventListener('abort', giveUp, { once: true })
  dial(signal)
    .then((stream) => (signal.aborted ? discard(stream) : resolve(stream)), reject)
    .finally(() => signal.removeEventListener('abort', giveUp))
  return promise
}

function discard(stream: Duplex): void {
  // Some say that they were closed too early: nobody is left to hear it.
  stream.on('error', () => {})
  stream.destroy()
}

/** For how long the link is cut, and why. */
interface Cut {
  begin(problem?: string): void
  problem(message: string): void
  end(): void
  awayMs(): number
  why(): string | undefined
  lost(): ComputeError
  /** It has been there once. */
  readonly wasConnected: boolean
}

function createCut({ clock }: Environment): Cut {
  let sinceMs = clock.monotonicMs()
  let problem: string | undefined
  let wasConnected = false
  const awayMs = () => clock.monotonicMs() - sinceMs
  return {
    begin(message) {
      sinceMs = clock.monotonicMs()
      problem = message ?? problem
    },
    problem: (message) => void (problem = message),
    end: () => void (wasConnected = true),
    awayMs,
    why() {
      if (problem === undefined) return undefined
      const state = wasConnected ? 'has been cut' : 'has not been there'
      return `the link to the coordinator ${state} for ${Math.round(awayMs() / 1000)} s: ${problem}`
    },
    lost: () => linkLost(awayMs(), problem ?? 'it was never there'),
    get wasConnected() {
      return wasConnected
    },
  }
}

function linkLost(awayMs: number, problem: string): ComputeError {
  const seconds = Math.round(awayMs / 1000)
  const message = `Cannot reach the coordinator: the link was cut for ${seconds} s (${problem}), expected it back by then`
  return new ComputeError('SHOAL_LINK_LOST', message, {
    facts: { awayMs, problem },
    hint: 'Is the API server within reach? A run with a name goes on where it was: shoal run --name NAME',
  })
}
