import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { TokenRequest } from '../src/api/generated/authentication-v1.ts'
import { clusterRoleBindings, pods, serviceAccounts } from '../src/api/generated/resources.ts'
import type { KubeObject } from '../src/api/object.ts'
import type { Client } from '../src/client/client.ts'
import type { Endpoint } from '../src/client/http/connection.ts'
import { createHttpClient } from '../src/client/http.ts'
import { parseKubeconfig } from '../src/client/kubeconfig.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { interrupt, root, start } from './program.ts'

const OBJECTS = 4000

/** How fast the API answers: in the process, and over HTTPS with durable writes where `wrk` is installed. */
export async function run(print: (line: string) => void): Promise<void> {
  await inProcess(print)
  if (existsSync('/usr/bin/wrk')) await overHttps(print)
  else print('over HTTPS: not measured, wrk is not installed')
}

async function inProcess(print: (line: string) => void): Promise<void> {
  await using cluster = await createCluster({ apiOnly: true })
  const { client } = cluster
  await prepare(client)
  await createPods(client, 'warm', OBJECTS)
  const creates = await perSecond(OBJECTS, () => createPods(client, 'p', OBJECTS))
  print(rate('in process: Pod creates', creates, 'creates/s'))
  const gets = 100_000
  const read = async () => {
    for (let i = 0; i < gets; i++) await client.get(pods, { namespace: 'default', name: `p-${i % OBJECTS}` })
  }
  print(rate('in process: GETs', await perSecond(gets, read), 'GETs/s'))
}

async function overHttps(print: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const options = ['--api-only', '--port', '0', '--data-dir', join(directory, 'data'), '--kubeconfig', kubeconfig]
  const child = start([`${root}bin/shoal`, 'up', ...options], { stdio: 'ignore' })
  try {
    while (!existsSync(kubeconfig) || readFileSync(kubeconfig, 'utf8') === '') {
      if (child.exitCode !== null) throw new Error('Cannot measure "shoal up": it ended, expected a kubeconfig')
      await sleep(3)
    }
    const { endpoint } = await parseKubeconfig(readFileSync(kubeconfig, 'utf8'))
    await measureHttps(endpoint, directory, print)
  } finally {
    await interrupt(child)
    rmSync(directory, { recursive: true })
  }
}

async function measureHttps(endpoint: Endpoint, directory: string, print: (line: string) => void): Promise<void> {
  const client = createHttpClient(endpoint)
  await prepare(client)
  const wrk = await wrkAs(await tokenOf(client), endpoint, directory)
  await wrk('warm', CREATE)
  const creates = await wrk('made', CREATE)
  print(rate('HTTPS, 32 connections: durable Pod creates', creates.rate, 'creates/s', 4000, '999, p99 90 ms'))
  print(`${'  p99'.padEnd(58)}  ${creates.p99}`)
  const reads = await wrk('read', '/api/v1/namespaces/default/pods/p-1')
  print(rate('HTTPS, 32 connections: GETs', reads.rate, 'GETs/s', 12_000, '2,320'))
  await client.deleteCollection(pods, { namespace: 'default' })
  await createPods(client, 'l', OBJECTS)
  await client.list(pods)
  const list = await wrk('list', '/api/v1/pods', 1)
  print(
    `${`HTTPS: LIST of ${OBJECTS} Pods`.padEnd(58)}  ${(1000 / list.rate).toFixed(0)} ms   target 25 ms; Kubernetes: 110 to 160 ms`,
  )
  client.close()
}

const CREATE = '/api/v1/namespaces/default/pods'

/** Runs `wrk` for some seconds on one thread; creates are POSTs of pods with names that start with `prefix`. */
async function wrkAs(token: string, endpoint: Endpoint, directory: string) {
  return async (prefix: string, path: string, connections = 32) => {
    const script = join(directory, `${prefix}.lua`)
    writeFileSync(script, path === CREATE ? createScript(prefix, token) : readScript(token))
    const args = ['-t1', `-c${connections}`, '-d4s', '--latency', '-s', script, `${endpoint.server}${path}`]
    const { stdout } = await promisify(execFile)('/usr/bin/wrk', args)
    const failures = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1]
    if (failures !== undefined) throw new Error(`Cannot measure "${path}": ${failures} answers failed, expected none`)
    return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), p99: /99%\s+(\S+)/.exec(stdout)?.[1] ?? '?' }
  }
}

const readScript = (token: string) => `wrk.headers["Authorization"] = "Bearer ${token}"\n`

function createScript(prefix: string, token: string): string {
  const [before, after] = JSON.stringify(pod('NAME')).split('NAME')
  return `${readScript(token)}wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
request = function()
  n = n + 1
  return wrk.format(nil, nil, nil, '${before}${prefix}-' .. n .. '${after}')
end
`
}

async function prepare(client: Client): Promise<void> {
  const metadata = { name: 'default', namespace: 'default' }
  await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
}

async function tokenOf(client: Client): Promise<string> {
  await client.create(clusterRoleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
  })
  await client.create(pods, pod('p-1'))
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

/** A Pod as a small program asks for it, 2 KB once it is defaulted. */
function pod(name: string): KubeObject & { readonly spec: never } {
  const resources = { requests: { cpu: '10m', memory: '16Mi' } }
  const container = { name: 'main', image: 'busybox:1.36', command: ['sleep', '1'], resources }
  const metadata = { name, namespace: 'default', labels: { app: 'bench' } }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container] } as never }
}

async function createPods(client: Client, prefix: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 32) {
    const names = Array.from({ length: Math.min(32, count - at) }, (_, i) => `${prefix}-${at + i}`)
    await Promise.all(names.map((name) => client.create(pods, pod(name))))
  }
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (count / (performance.now() - started)) * 1000
}

function rate(what: string, value: number, unit: string, target?: number, kubernetes?: string): string {
  const notes = target === undefined ? '' : `   ${value >= target ? 'reaches' : 'MISSES'} the target of ${target}`
  const theirs = kubernetes === undefined ? '' : `; Kubernetes: ${kubernetes}`
  return `${what.padEnd(58)}  ${value.toFixed(0)} ${unit}${notes}${theirs}`
}
