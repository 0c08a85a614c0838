import { figure } from './figures.ts'
import { root, start } from './program.ts'
import type { LargeCluster, Span } from './programs/large-cluster.ts'

/** Nodes and pods; the last is what the project wants to hold. It takes a quarter of an hour, most of it to make the pods. */
const SIZES = [
  [500, 15_000],
  [1_500, 50_000],
  [5_000, 150_000],
] as const
const SECONDS = 20
const HEAP_MB = 12_000

/** What a cluster of simulated nodes costs at rest, with a hundred pods changed a second, and with as many replaced. */
export async function run(print: (line: string) => void): Promise<void> {
  for (const [nodes, pods] of SIZES) report(await measure(nodes, pods), nodes, print)
}

async function measure(nodes: number, pods: number): Promise<LargeCluster> {
  const program = `${root}bench/programs/large-cluster.ts`
  const args = [`--max-old-space-size=${HEAP_MB}`, program, String(nodes), String(pods), String(SECONDS)]
  const child = start([process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const [code] = await new Promise<[number | null]>((resolve) => child.once('close', (ended) => resolve([ended])))
  if (code !== 0) throw new Error(`Cannot measure ${nodes} nodes: the program ended with ${code}, expected 0`)
  return JSON.parse(output) as LargeCluster
}

function report(one: LargeCluster, nodes: number, print: (line: string) => void): void {
  const what = `${nodes} nodes, ${one.pods} pods`
  print(figure(`${what}: until all nodes are ready`, [one.nodesReadyMs / 1000], 's'))
  print(figure('  then until all pods are Ready', [one.podsReadyMs / 1000], 's'))
  print(figure('  resident memory at rest', [one.rest.rssMb], 'MB'))
  print(figure('  events kept', [one.events], ''))
  spanOf('at rest', one.rest, print)
  spanOf('100 pods annotated a second', one.patched, print)
  spanOf('100 pods replaced a second', one.replaced, print)
}

function spanOf(what: string, span: Span, print: (line: string) => void): void {
  print(figure(`  ${what}: processor`, [span.cpuPercent], '%'))
  print(figure('    99th percentile of what the event loop is late', [span.delayP99Ms], 'ms'))
}
