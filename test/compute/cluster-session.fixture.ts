import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { createCompute } from '../../src/compute/session.ts'
import type { ComputeOptions } from '../../src/compute/session.ts'
import type { Shoal } from '../../src/compute/shoal.ts'
import { systemEnvironment } from '../../src/env/system.ts'

/** Sessions on the pods of a cluster that all tests of a file share. */
export interface ClusterSessions {
  readonly directory: string
  readonly namespace: string
  readonly client: Client
  open(options?: Partial<ComputeOptions>): Promise<Shoal>
}

/** To be called where tests are declared: the cluster begins before the first of them and ends after the last. */
export function clusterSessions(): ClusterSessions {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-pods-'))
  const env = systemEnvironment('error')
  const namespace = 'default'
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await createCluster({ env, podDirectory: join(directory, 'pods') })
  })
  afterAll(async () => {
    await cluster.close()
    rmSync(directory, { recursive: true })
  })
  return {
    directory,
    namespace,
    get client() {
      return cluster.client
    },
    open: (options = {}) =>
      createCompute({
        client: cluster.client,
        env,
        namespace,
        image: 'node:24',
        workers: { count: 2, threads: 1, cpu: '100m' },
        reach: { kind: 'unix', directory: join(directory, 's') },
        cacheDirectory: join(directory, 'cache'),
        ...options,
      }),
  }
}
