import type { Duplex } from 'node:stream'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { ComputeError } from '../errors.ts'
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
  /** A connection to the coordinator's port. A `ComputeError` says that there is no use in trying again. */
  readonly dial: (signal: AbortSignal) => Promise<Duplex>
  /** How long it may be cut, in milliseconds. */
  readonly awayMs: number
  onMessage(channel: number, body: Uint8Array<ArrayBuffer>): void
  onRoom(): void
  /** The coordinator has no memory of us: what it was told is to be told again. */
  onForgotten(): void
  /** Cut, and tried again: every few seconds while it lasts. */
  onCut(why: string): void
  /** It is not coming back. */
  onLost(error: ComputeError): void
}

const FIRST_PAUSE_MS = 100
const LAST_PAUSE_MS = 5_000
const FIRST_WORD_MS = 2_000
/** One try: a server that takes a connection and says nothing is as good as none. */
const GREETING_MS = 10_000

export function connectDriverLink(options: DriverLinkOptions): DriverLink {
  const { env } = options
  const stopped = new AbortController()
  const connected = Promise.withResolvers<void>()
  connected.promise.catch(() => {})
  let cutMs = env.clock.monotonicMs()
  let problem: string | undefined
  let wasConnected = false
  const link = createResumableLink({
    ...options,
    onDetached(error) {
      cutMs = env.clock.monotonicMs()
      problem = error?.message ?? 'the other side closed it'
      void connectAgain()
    },
  })
  const awayMs = () => env.clock.monotonicMs() - cutMs
  const whyCut = () => {
    if (link.isAttached || problem === undefined) return undefined
    const state = wasConnected ? 'has been cut' : 'has not been there'
    return `the link to the coordinator ${state} for ${Math.round(awayMs() / 1000)} s: ${problem}`
  }
  const connectOnce = async () => {
    const stream = await options.dial(stopped.signal)
    const socket = secured(stream, options.trust, 'coordinator')
    socket.on('error', (error) => (problem = error.message))
    const timer = env.timers.after(GREETING_MS, () => socket.destroy(new Error('no greeting came')))
    try {
      sendGreeting(socket, { session: link.session, position: link.position() })
      const theirs = await readGreeting(socket)
      if (stopped.signal.aborted) return void socket.destroy()
      const isForgotten = theirs.isNew === true && wasConnected
      if (isForgotten) link.reset()
      wasConnected = true
      link.attach(socket, theirs.position)
      if (isForgotten) options.onForgotten()
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      timer.cancel()
    }
  }
  const connectAgain = async () => {
    for (let pauseMs = FIRST_PAUSE_MS; !stopped.signal.aborted; pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2)) {
      try {
        await connectOnce()
        return connected.resolve()
      } catch (error) {
        if (stopped.signal.aborted) return
        problem = (error as Error).message
        if (error instanceof ComputeError) return lose(error)
      }
      if (awayMs() > options.awayMs) return lose(linkLost(awayMs(), problem))
      const cut = whyCut()
      // Its program takes a moment to listen: nothing to speak of.
      if (cut !== undefined && (wasConnected || awayMs() > FIRST_WORD_MS)) options.onCut(cut)
      await sleep(env.timers, pauseMs, stopped.signal).catch(() => {})
    }
  }
  const lose = (error: ComputeError) => {
    connected.reject(error)
    options.onLost(error)
  }
  return {
    link,
    connect() {
      cutMs = env.clock.monotonicMs()
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

function linkLost(awayMs: number, problem: string): ComputeError {
  const seconds = Math.round(awayMs / 1000)
  const message = `Cannot reach the coordinator: the link was cut for ${seconds} s (${problem}), expected it back by then`
  return new ComputeError('SHOAL_LINK_LOST', message, {
    facts: { awayMs, problem },
    hint: 'Is the API server within reach? A run with a name goes on where it was: shoal run --name NAME',
  })
}
