import { join, resolve } from 'node:path'
import type { Endpoint } from '../client/http/connection.ts'
import { formatKubeconfig } from '../client/kubeconfig.ts'
import type { AuditOptions } from '../cluster/audit-options.ts'
import { createCluster } from '../cluster/cluster.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { RuntimeName } from '../cluster/runtimes.ts'
import { systemEnvironment } from '../env/system.ts'
import { writePrivateFile } from '../identity/key-files.ts'
import type { KeyObjects } from '../identity/portable-keys.ts'
import { detach } from './detach.ts'
import { keepFile } from './keep-file.ts'
import { thresholdsOf } from './eviction-options.ts'
import type { EvictionOptions } from './eviction-options.ts'
import { onInterrupt } from './interrupt.ts'
import { announce, inMemoryDirectory, withdraw } from './running-clusters.ts'
import { defaultDataDirectory } from './state-directory.ts'
import { trimMemoryWhenIdle } from '../env/trim-memory.ts'

export interface UpOptions extends EvictionOptions {
  readonly port: number
  readonly host: string
  readonly dataDir?: string
  readonly inMemory?: boolean
  readonly nodes: number
  readonly runtime: RuntimeName
  readonly criEndpoint?: string
  readonly schedulerProfile: string
  readonly apiOnly?: boolean
  readonly enableAdmissionPlugins?: string
  /** False: nowhere. */
  readonly auditLog?: string | boolean
  readonly auditPolicyFile?: string
  /** Megabytes. */
  readonly auditLogMaxsize?: number
  readonly auditLogMaxbackup?: number
  readonly kubeconfig?: string
  readonly detach?: boolean
}

/**
 * `shoal up`: a cluster until Ctrl-C, or in the background with `--detach`. Resolves to the exit code. `adminKeys` are the
 * administrator's, where no others are kept.
 */
export async function up(options: UpOptions, adminKeys?: Promise<KeyObjects>): Promise<number> {
  if (options.detach === true) return await detach(dataDirectoryOf(options))
  const eviction = await thresholdsOf(options, 'up')
  const env = systemEnvironment()
  const interrupted = Promise.withResolvers<number>()
  const stopListening = onInterrupt(interrupted.resolve)
  const begun = performance.now()
  const dataDirectory = dataDirectoryOf(options)
  const cluster = await createCluster(
    {
      env,
      ...(dataDirectory !== undefined && { dataDirectory }),
      port: options.port,
      host: options.host,
      nodes: options.nodes,
      runtime: options.runtime,
      ...(options.criEndpoint !== undefined && { engineEndpoint: options.criEndpoint }),
      apiOnly: options.apiOnly === true,
      ...(eviction !== undefined && { eviction }),
      audit: auditOf(options, dataDirectory),
      schedulerProfile: options.schedulerProfile,
      admissionPlugins: options.enableAdmissionPlugins?.split(',') ?? [],
    },
    adminKeys === undefined ? {} : { adminKeys },
  )
  try {
    const endpoint = await cluster.listen()
    const clusterMs = performance.now() - begun
    // From here on it can be used; pods wait for their nodes, as anywhere.
    const kubeconfig = writeKubeconfig(options, endpoint)
    await Promise.race([cluster.ready, interrupted.promise])
    introduce(options, endpoint, kubeconfig, env.clock.now())
    sayReady(endpoint, kubeconfig, clusterMs)
    trimMemoryWhenIdle(env.timers)
    return await untilEnd(cluster, interrupted.promise)
  } catch (error) {
    await cluster.close()
    throw error
  } finally {
    withdraw(process.pid)
    stopListening()
  }
}

function dataDirectoryOf({ inMemory, dataDir }: UpOptions): string | undefined {
  return inMemory === true ? undefined : resolve(dataDir ?? defaultDataDirectory())
}

function auditOf(options: UpOptions, dataDirectory: string | undefined): AuditOptions {
  const { auditPolicyFile, auditLogMaxsize, auditLogMaxbackup } = options
  return {
    ...auditLogOf(options, dataDirectory),
    ...(auditPolicyFile !== undefined && { policyFile: resolve(auditPolicyFile) }),
    ...(auditLogMaxsize !== undefined && { maxBytes: auditLogMaxsize * 1_000_000 }),
    ...(auditLogMaxbackup !== undefined && { backups: auditLogMaxbackup }),
  }
}

/** Without a directory of its own a cluster records its requests only where it is told to. */
function auditLogOf({ auditLog }: UpOptions, dataDirectory: string | undefined): { readonly log?: string } {
  if (auditLog === false) return {}
  if (typeof auditLog === 'string') return { log: resolve(auditLog) }
  return dataDirectory === undefined ? {} : { log: join(dataDirectory, 'audit.log') }
}

function writeKubeconfig(options: UpOptions, endpoint: Endpoint): string {
  const directory = dataDirectoryOf(options) ?? inMemoryDirectory(Number(new URL(endpoint.server).port))
  const file = resolve(options.kubeconfig ?? join(directory, 'kubeconfig'))
  const write = () => writePrivateFile(file, formatKubeconfig({ name: 'shoal', endpoint }))
  keepFile('kubeconfig', file, write, 'name another with --kubeconfig')
  return file
}

function introduce(options: UpOptions, { server }: Endpoint, kubeconfig: string, nowMs: number): void {
  const dataDirectory = dataDirectoryOf(options)
  const engine = engineOf(options)
  announce({
    pid: process.pid,
    server,
    port: Number(new URL(server).port),
    kubeconfig,
    ...(dataDirectory !== undefined && { dataDirectory }),
    nodes: options.apiOnly === true ? 0 : options.nodes,
    runtime: options.runtime,
    ...(engine !== undefined && { engine }),
    startedAt: new Date(nowMs).toISOString(),
  })
}

/** Where the engine listens, for whoever brings it images later. */
function engineOf({ runtime, criEndpoint }: UpOptions): string | undefined {
  return runtime === 'docker' ? (criEndpoint ?? process.env['DOCKER_HOST']) : criEndpoint
}

function sayReady({ server }: Endpoint, kubeconfig: string, clusterMs: number): void {
  const all = Math.round(performance.now())
  process.stderr.write(`ready in ${all} ms (the cluster itself ${Math.round(clusterMs)} ms): ${server}\n`)
  process.stderr.write(`  export KUBECONFIG=${kubeconfig}\n`)
  // Whoever started us in the background waits for this word.
  process.send?.({ ready: true, server, kubeconfig })
}

async function untilEnd(cluster: Cluster, interrupted: Promise<number>): Promise<number> {
  const exitCode = await interrupted
  process.stderr.write('stopping: ending pods and flushing what is pending\n')
  await cluster.close()
  process.stderr.write('stopped\n')
  return exitCode
}
