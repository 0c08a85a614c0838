import { existsSync } from 'node:fs'

/** The container engine that was asked for is not there, or does not answer. `hint` is the command that helps. */
export class EngineMissing extends Error {
  override readonly name = 'EngineMissing'
  readonly code = 'ENGINE_MISSING'
  readonly endpoint: string
  readonly hint: string
  constructor(endpoint: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.endpoint = endpoint
    this.hint = hint
  }
}

/** What kind of engine was asked for, and what to do where it does not answer or is not there. */
export interface EngineKind {
  readonly expected: string
  readonly ifSilent: string
  readonly ifAbsent: string
}

export function connectFailure(
  endpoint: string,
  cause: unknown,
  { expected, ifSilent, ifAbsent }: EngineKind,
): EngineMissing {
  const socket = endpoint.replace(/^unix:(\/\/)?/, '')
  const isThere = endpoint.includes('://') && !endpoint.startsWith('unix:') ? true : existsSync(socket)
  const found = isThere ? `it does not answer (${String(cause)})` : `there is no ${socket}`
  const message = `Cannot reach the container engine "${endpoint}": ${found}, expected ${expected}`
  return new EngineMissing(endpoint, message, isThere ? ifSilent : ifAbsent, { cause })
}
