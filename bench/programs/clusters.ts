import { setTimeout as sleep } from 'node:timers/promises'
import { pods } from '../../src/api/generated/resources.ts'
import { Cluster } from '../../src/cluster/cluster.ts'

/** Starts one cluster and then ten more in this process; writes what that took as JSON. Needs `--expose-gc`. */
const FURTHER = 10

const first = performance.now()
const clusters = [await listed()]
const firstListMs = performance.now() - first
await settled()
const before = residentMb()
const times: number[] = []
for (let i = 0; i < FURTHER; i++) {
  const begun = performance.now()
  clusters.push(await listed())
  times.push(performance.now() - begun)
  await clusters.at(-1)!.ready
}
await settled()
const furtherMb = (residentMb() - before) / FURTHER
await Promise.all(clusters.map((cluster) => cluster.close()))
times.sort((left, right) => left - right)
process.stdout.write(JSON.stringify({ firstListMs, furtherMs: times[FURTHER >> 1], furtherMb }))

async function listed(): Promise<Cluster> {
  const cluster = await Cluster.create()
  await cluster.client.list(pods)
  return cluster
}

/** All that the clusters began is done, and what they left behind is collected. */
async function settled(): Promise<void> {
  await clusters.at(-1)!.ready
  await sleep(300)
  for (let i = 0; i < 3; i++) globalThis.gc!()
  await sleep(50)
}

function residentMb(): number {
  return process.memoryUsage.rss() / 1e6
}
