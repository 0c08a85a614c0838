import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createHttpClient } from '../client/http.ts'
import type { HttpClient } from '../client/http.ts'
import type { Endpoint } from '../client/http/connection.ts'
import { parseKubeconfig } from '../client/kubeconfig.ts'
import { CliError } from './cli-error.ts'
import { runningClusters } from './running-clusters.ts'

export interface TargetOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

/** The cluster that a command is about. Dispose of it to close its connections. */
export interface TargetCluster extends Disposable {
  readonly client: HttpClient
  readonly endpoint: Endpoint
  readonly namespace: string
}

/**
 * The cluster of `--kubeconfig` and `--context`, else of `$KUBECONFIG`, else the one that runs on this machine, else of
 * `~/.kube/config`.
 */
export async function openTarget({ kubeconfig, context, namespace }: TargetOptions): Promise<TargetCluster> {
  const [only, ...more] = runningClusters()
  const running = context === undefined && more.length === 0 ? only?.kubeconfig : undefined
  const path = kubeconfig ?? process.env['KUBECONFIG'] ?? running ?? join(homedir(), '.kube', 'config')
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = `Cannot read "${path}" as kubeconfig: ${cause.code}, expected a readable file`
    throw new CliError('CLI_USAGE', message, 'name one with --kubeconfig FILE, or start a cluster with shoal up')
  })
  const found = await parseKubeconfig(text, context)
  const client = createHttpClient(found.endpoint)
  const { endpoint } = found
  return {
    client,
    endpoint,
    namespace: namespace ?? found.namespace ?? 'default',
    [Symbol.dispose]: () => client.close(),
  }
}
