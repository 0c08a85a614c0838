import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TokenRequest } from '../../src/api/generated/authentication-v1.ts'
import { clusterRoleBindings, pods, serviceAccounts } from '../../src/api/generated/resources.ts'
import { hasReason } from '../../src/api/meta/status.ts'
import type { Client } from '../../src/client/client.ts'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { processMemory } from '../memory.ts'
import { interrupt, root, start } from '../program.ts'
import { pod } from './pods.ts'

/** An API server that is measured: one of ours, in a process of its own with a data directory, or somebody else's. */
export interface MeasuredServer extends AsyncDisposable {
  readonly endpoint: Endpoint
  /** For files of the measurement. */
  readonly directory: string
  /** From its start until its API answered; undefined of a server that was there already. */
  readonly readyMs: number | undefined
  /** Resident memory in MB; undefined of a server elsewhere. */
  rssMb(): number | undefined
}

/** Starts `shoal up --api-only`; where `data` is named, on that directory. */
export async function startShoal(data?: string): Promise<MeasuredServer> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const dataDirectory = data ?? join(directory, 'data')
  const options = ['--api-only', '--port', '0', '--data-dir', dataDirectory, '--kubeconfig', kubeconfig]
  const started = performance.now()
  const child: ChildProcess = start([`${root}bin/shoal`, 'up', ...options], { stdio: 'ignore' })
  while (!existsSync(kubeconfig) || readFileSync(kubeconfig, 'utf8') === '') {
    if (child.exitCode !== null) throw new Error('Cannot measure "shoal up": it ended, expected a kubeconfig')
    await sleep(3)
  }
  const readyMs = performance.now() - started
  const { endpoint } = await parseKubeconfig(readFileSync(kubeconfig, 'utf8'))
  return {
    endpoint,
    directory,
    readyMs,
    rssMb: () => processMemory(child.pid!)?.rssMb,
    async [Symbol.asyncDispose]() {
      await interrupt(child)
      rmSync(directory, { recursive: true })
    },
  }
}

/** The server at `url`, whose certificate is believed; `BENCH_TOKEN` is a bearer token of an administrator. */
export function otherServer(url: string): MeasuredServer {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const token = process.env['BENCH_TOKEN'] ?? ''
  return {
    endpoint: { server: url, token, insecureSkipTlsVerify: true },
    directory,
    readyMs: undefined,
    rssMb: () => undefined,
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true }),
  }
}

/** A Node HTTPS server that does nothing but answer 2 KB from memory: the limit to come near to. */
export async function startBareServer(): Promise<{ readonly url: string } & AsyncDisposable> {
  const child = start([process.execPath, join(import.meta.dirname, 'bare-https.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { url: line.toString().trim(), [Symbol.asyncDispose]: () => interrupt(child) }
}

/** Makes what pods need, and a token of an account that may do everything: how programs in pods ask. */
export async function tokenOf(client: Client): Promise<string> {
  const metadata = { name: 'default', namespace: 'default' }
  await ensure(client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata }))
  await ensure(
    client.create(clusterRoleBindings, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'bench' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
    }),
  )
  await ensure(client.create(pods, pod('p-1')))
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: [] },
  }
  const key = { namespace: 'default', name: 'default' }
  const answer = await client.createSubresource<TokenRequest>(serviceAccounts, key, 'token', request)
  return answer.status?.token ?? ''
}

async function ensure(making: Promise<unknown>): Promise<void> {
  await making.catch((error: unknown) => {
    if (!hasReason(error, 'AlreadyExists')) throw error
  })
}
