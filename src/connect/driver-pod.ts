import { readFileSync } from 'node:fs'
import { createHttpClient } from '../client/http.ts'
import type { HttpClient } from '../client/http.ts'
import type { Endpoint } from '../client/http/connection.ts'
import type { PackageBundler } from '../compute/ship/packages.ts'
import type { ComputeOptions } from '../compute/session.ts'
import { ConnectError } from './connect-error.ts'

/** What a driver in the cluster was given: `shoal submit` has made all of it ready, since its image has Node alone. */
export interface DriverPod {
  /** The run's name. */
  readonly run: string
  readonly namespace: string
  /** The address at which workers reach this pod. */
  readonly host: string
  /** Where what the run commits is kept. */
  readonly stateDirectory: string
  readonly programs: NonNullable<ComputeOptions['programs']>
  readonly bundler: PackageBundler
}

/** What every pod is given of its service account. */
const ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The API server as a pod reaches it, as its service account. Tokens are replaced while the pod runs: each request reads the newest. */
export function clientOfPod(variables: NodeJS.ProcessEnv): HttpClient {
  return createHttpClient(endpointOfPod(variables))
}

function endpointOfPod(variables: NodeJS.ProcessEnv): Endpoint {
  const host = variables['KUBERNETES_SERVICE_HOST']
  const port = variables['KUBERNETES_SERVICE_PORT']
  if (host === undefined || port === undefined) {
    const message =
      'Cannot reach the API server: KUBERNETES_SERVICE_HOST and _PORT are not set, expected those of a pod'
    throw new ConnectError('CONNECT_NO_ANSWER', message, 'drivers in the cluster are started with: shoal submit')
  }
  const read = (name: string) => readFileSync(`${ACCOUNT_DIRECTORY}/${name}`, 'utf8')
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    certificateAuthority: read('ca.crt'),
    authorize: async () => ({ authorization: `Bearer ${read('token').trim()}` }),
  }
}
