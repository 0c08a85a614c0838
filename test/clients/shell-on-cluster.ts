import { afterAll, beforeAll } from 'vitest'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openShell } from './shell.ts'
import type { Shell } from './shell.ts'

/** A cluster whose containers are simulated, for the tests of a block, and a shell whose programs reach it. */
export function shellOnCluster(nodes: number): () => Shell {
  let cluster: Cluster
  let shell: Shell
  beforeAll(async () => {
    cluster = await createCluster({ nodes, runtime: 'simulated' })
    shell = openShell(await cluster.listen())
    await cluster.ready
  })
  afterAll(async () => {
    shell[Symbol.dispose]()
    await cluster.close()
  })
  return () => shell
}
