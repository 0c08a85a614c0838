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

export function connectFailure(endpoint: string, cause: unknown): EngineMissing {
  const socket = endpoint.replace(/^unix:(\/\/)?/, '')
  const found = existsSync(socket) ? `it does not answer (${String(cause)})` : `there is no ${socket}`
  const message = `Cannot reach the container engine "${endpoint}": ${found}, expected a CRI runtime such as containerd`
  const hint = existsSync(socket)
    ? 'look at its log with `journalctl -u containerd`; its CRI plugin has to be on'
    : 'install and start it with `sudo apt-get install containerd containernetworking-plugins`, or name another --cri-endpoint'
  return new EngineMissing(endpoint, message, hint, { cause })
}
