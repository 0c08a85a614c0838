import type Docker from 'dockerode'
import { connectFailure } from '../engine/engine-missing.ts'

/** Where Docker listens on Linux; `DOCKER_HOST` names another place, as for Docker's own client. */
export const DEFAULT_ENDPOINT = 'unix:///var/run/docker.sock'

const KIND = {
  expected: 'Docker',
  ifSilent: 'look at its log with `journalctl -u docker`; your user may have to be in the group `docker`',
  ifAbsent: 'install and start it with `sudo apt-get install docker.io`, or name its socket in DOCKER_HOST',
}

/** Loads the client of Docker's API and asks its version. Rejects with an {@link EngineMissing}. */
export async function connectDocker(endpoint?: string): Promise<{ readonly docker: Docker; readonly version: string }> {
  const { default: Client } = await import('dockerode')
  const place = endpoint ?? process.env['DOCKER_HOST'] ?? DEFAULT_ENDPOINT
  const isSocket = place.startsWith('unix:') || place.startsWith('/')
  // Left to itself the client reads DOCKER_HOST and the certificates beside it.
  const docker = isSocket ? new Client({ socketPath: place.replace(/^unix:(\/\/)?/, '') }) : new Client()
  try {
    return { docker, version: (await docker.version()).Version }
  } catch (error) {
    throw connectFailure(place, error, KIND)
  }
}

/** What Docker refused or could not do, in its own words; `status` is HTTP's, 0 where it did not answer. */
export interface Refusal {
  readonly status: number
  readonly message: string
}

export function refusalOf(error: unknown): Refusal {
  const {
    statusCode = 0,
    json,
    message,
  } = error as {
    readonly statusCode?: number
    readonly json?: { readonly message?: string }
    readonly message: string
  }
  return { status: statusCode, message: json?.message ?? message }
}

/** For `catch`: what is gone, or is as it was wanted already (304), is no error. */
export function ignoreGone(error: unknown): undefined {
  const { status } = refusalOf(error)
  if (status !== 404 && status !== 304) throw error
}
