import type { Readable, Writable } from 'node:stream'

/** Which streams a client of exec or attach wants. */
export interface CommandStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** A command that runs in a container, or the container's own process that somebody is attached to. */
export interface RunningCommand {
  readonly stdin?: Writable
  readonly stdout?: Readable
  readonly stderr?: Readable
  resize(columns: number, rows: number): void
  /** Resolves when the command has ended; what it wrote may still be in its streams. */
  readonly exitCode: Promise<number>
}

/** Starts what was asked for; it is ended early when `gone` is aborted. Rejects where it cannot be started. */
export type StartCommand = (gone: AbortSignal) => Promise<RunningCommand>

/** The client's side of a command: streams over one connection, whichever framing it has. */
export interface CommandChannels {
  readonly stdin?: Readable
  readonly stdout?: Writable
  readonly stderr?: Writable
  /** Calls back with each size that the client's terminal takes, first with the one that it has. */
  onResize(listener: (columns: number, rows: number) => void): void
  /** Aborted when the client has gone. */
  readonly gone: AbortSignal
  /** Sends how the command ended, and ends the connection once all is sent. */
  finish(outcome: CommandOutcome): Promise<void>
}

/** How a command ended: Kubernetes' Status, as it goes over the error channel since version 4 of the protocol. */
export interface CommandOutcome {
  readonly metadata: object
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly causes: readonly { readonly reason?: string; readonly message: string }[] }
  readonly code?: number
}

export const SUCCESS: CommandOutcome = { metadata: {}, status: 'Success' }

/** The outcome of a command that ended with `exitCode`, in the words of a kubelet on containerd. */
export function outcomeOf(command: readonly string[], exitCode: number): CommandOutcome {
  if (exitCode === 0) return SUCCESS
  const why = `error executing command [${command.join(' ')}], exit code ${exitCode}`
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: ${why}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  }
}

/** The outcome of a command that could not be run. */
export function failedOutcome(error: unknown): CommandOutcome {
  const message = `error executing command in container: ${error instanceof Error ? error.message : String(error)}`
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  }
}

/** The newest first. */
export const COMMAND_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const

/** What goes over the error channel for an outcome: JSON since version 4, before that the message alone. */
export function outcomeText(protocol: string, outcome: CommandOutcome): string {
  if (/^v[45]\./.test(protocol)) return JSON.stringify(outcome)
  return outcome.status === 'Success' ? '' : (outcome.message ?? '')
}

/** Reads a terminal's size, `{"Width":80,"Height":24}`, and hands it on where it is one. */
export function readSize(text: string, listener: (columns: number, rows: number) => void): void {
  try {
    const { Width, Height } = JSON.parse(text) as { readonly Width?: unknown; readonly Height?: unknown }
    if (Number.isInteger(Width) && Number.isInteger(Height)) listener(Number(Width), Number(Height))
  } catch {
    // A size that cannot be read changes nothing.
  }
}
