import type { Pod } from '../src/api/generated/core-v1.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { createClusterView } from '../src/placement/cluster-view.ts'
import { decide } from '../src/placement/decide.ts'
import { podRequests } from '../src/placement/pod-requests.ts'
import { findPreemption } from '../src/placement/preemption.ts'
import { createProfiles, DEFAULT_PROFILE } from '../src/placement/profiles.ts'
import { figure } from './figures.ts'
import { endToEnd } from './scheduler-end-to-end.ts'
import { benchNode, shapes } from './scheduler-shapes.ts'
import type { Shape } from './scheduler-shapes.ts'

const env = systemEnvironment('error')

/** Decisions alone, one after the other, each pod counted on its node: what the shapes of Kubernetes' scheduler_perf take. */
export async function run(print: (line: string) => void): Promise<void> {
  place({ ...(shapes[0] as Shape), nodes: 500, pods: 2000, initial: 100 })
  for (const shape of shapes) report(shape, print)
  print('growth of basic, by nodes and pods')
  for (const [nodes, count] of [
    [500, 2500],
    [5000, 10_000],
    [15_000, 30_000],
  ] as const)
    report({ ...(shapes[0] as Shape), name: `  ${nodes} nodes, ${count} pods`, nodes, pods: count }, print)
  await endToEnd(print)
}

function report(shape: Shape, print: (line: string) => void): void {
  const { perSecond, p99Ms, placed } = place(shape)
  const kubernetes = `gate ${shape.gate}/s`
  print(figure(`${shape.name}: ${placed} placed`, [perSecond], '/s', { goal: shape.goal, kubernetes }))
  print(figure(`  99th percentile of a decision`, [p99Ms], 'ms', { target: 5 }))
}

function place(shape: Shape) {
  const view = createClusterView()
  const { table } = view
  for (let i = 0; i < shape.nodes; i++) table.putNode(benchNode(shape, i))
  const profile = createProfiles().get(DEFAULT_PROFILE)
  if (profile === undefined) throw new Error('Assertion: no default profile')
  const next = { slot: 0 }
  let placed = 0
  const attempt = (pod: Pod) => {
    const cycle = { pod, requests: podRequests(pod), table, view, random: env.random }
    const { placement, examined } = decide(cycle, profile, next.slot)
    next.slot = (next.slot + examined) % table.size
    if (placement.placed) {
      table.addPod(pod, placement.nodeName)
      placed += 1
      return
    }
    const found = findPreemption(cycle, placement.filters, placement.diagnosis)
    if (!found.found) return
    for (const victim of found.victims) table.removePod(victim, found.nodeName)
    table.addPod(pod, found.nodeName)
  }
  for (let i = 0; i < shape.initial; i++) table.addPod(shape.initialPod(i), `node-${i % shape.nodes}`)
  const all = Array.from({ length: shape.pods }, (_, i) => shape.pod(i))
  const times = new Float64Array(shape.pods)
  const started = performance.now()
  for (const [i, pod] of all.entries()) {
    const before = performance.now()
    if (shape.between !== undefined && i % shape.between.every === 0) attempt(shape.between.pod(i))
    attempt(pod)
    times[i] = performance.now() - before
  }
  const perSecond = (shape.pods / (performance.now() - started)) * 1000
  times.sort()
  return { perSecond, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0, placed }
}
