import type { ComputeEvent, OnComputeEvent } from '../../compute/events.ts'
import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { systemEnvironment } from '../../env/system.ts'
import { describeLoss } from '../../compute/coordinator/loss.ts'
import { after, NO_PROGRESS } from './progress-state.ts'
import { summaryText } from './summary-text.ts'
import { logText } from '../../compute/trace/log-text.ts'
import type { RunSummary } from '../../compute/trace/run-summary.ts'
import { endedText, progressText, wholeText } from './progress-text.ts'

/** Shows a run on standard error: a moving picture on a terminal, plain lines elsewhere, JSON lines where asked. */
export interface ProgressView {
  readonly onEvent: OnComputeEvent
  /** Leaves the terminal as it was. Further events are dropped. */
  close(): void
  /** Closes it with a word about the whole run where one was under way: to be called after a good end. */
  finish(): void
}

/** A terminal is drawn anew at most this often; elsewhere a line is written at most this often. */
const DRAW_MS = 100
const LINE_MS = 5_000

/** What shorter runs have spent is of no interest to anybody. */
const LONG_MS = 2_000

export function createProgressView(options: { readonly json?: boolean; readonly quiet?: boolean }): ProgressView {
  const env = systemEnvironment()
  if (options.json === true) return jsonView(env)
  if (options.quiet === true) return { onEvent: () => {}, close: () => {}, finish: () => {} }
  return movingView(env, process.stderr.isTTY === true)
}

function jsonView(env: Environment): ProgressView {
  let closed = false
  const plain = (_: string, value: unknown) =>
    value instanceof Error ? { name: value.name, message: value.message } : value
  return {
    onEvent: (event) => {
      if (closed) return
      process.stderr.write(`${JSON.stringify({ time: new Date(env.clock.now()).toISOString(), ...event }, plain)}\n`)
    },
    close: () => void (closed = true),
    finish: () => void (closed = true),
  }
}

function movingView(env: Environment, isTerminal: boolean): ProgressView {
  let state = NO_PROGRESS
  let timer: Timer | undefined
  let closed = false
  const summaries: RunSummary[] = []
  const canvas = isTerminal ? terminalCanvas() : lineCanvas()
  const draw = () => {
    timer = undefined
    if (!closed)
      canvas.draw(
        progressText(
          state,
          env.clock.monotonicMs(),
          isTerminal ? (process.stderr.columns ?? 120) : Number.POSITIVE_INFINITY,
        ),
      )
  }
  const note = (event: ComputeEvent) => {
    if (event.type === 'log') canvas.say(logText(event.log).trimEnd())
    if (event.type === 'kept')
      canvas.say(`failed: ${event.task.name}, ${event.task.what}: shoal replay ${event.task.id}`)
    if (event.type === 'summary') summaries.push(event.summary)
    if (event.type === 'warning') canvas.say(`warning: ${event.message}`)
    if (event.type === 'loss') canvas.say(`lost: ${describeLoss(event.loss)}`)
    if (event.type !== 'stage-ended') return
    const ended = state.stages.find(({ stage }) => stage === event.stage)
    if (ended !== undefined) canvas.say(endedText(ended))
  }
  const close = () => {
    if (closed) return
    closed = true
    timer?.cancel()
    canvas.close()
  }
  return {
    onEvent(event) {
      if (closed) return
      state = after(state, event, env.clock.monotonicMs())
      note(event)
      timer ??= env.timers.after(isTerminal ? DRAW_MS : LINE_MS, draw, { background: true })
    },
    close,
    finish() {
      const wasClosed = closed
      close()
      // Measured from the start of the process: a person waits for all of it.
      if (wasClosed || state.stages.length === 0) return
      canvas.say(wholeText(state, performance.now() / 1000))
      for (const summary of summaries) if (summary.ms >= LONG_MS) canvas.say(summaryText(summary))
    },
  }
}

interface Canvas {
  draw(text: string): void
  say(line: string): void
  close(): void
}

/** `log-update` is loaded with the first picture: a run that is over before that never pays for it. */
function terminalCanvas(): Canvas {
  let pending: Promise<typeof import('log-update')> | undefined
  let update: (typeof import('log-update'))['logUpdateStderr'] | undefined
  let closed = false
  return {
    draw(text) {
      pending ??= import('log-update')
      void pending.then((loaded) => {
        if (closed) return
        update ??= loaded.logUpdateStderr
        update(text)
      })
    },
    say(line) {
      update?.clear()
      process.stderr.write(`${line}\n`)
    },
    close() {
      closed = true
      update?.clear()
      update?.done()
    },
  }
}

function lineCanvas(): Canvas {
  let last = ''
  return {
    draw(text) {
      // Whatever waits says so once.
      if (text !== last) process.stderr.write(`${text.replaceAll('\n', '; ')}\n`)
      last = text
    },
    say: (line) => void process.stderr.write(`${line}\n`),
    close: () => {},
  }
}
