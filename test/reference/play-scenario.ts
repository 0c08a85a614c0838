import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '../../src/api/object.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { packagedClient } from '../clients/packaged.ts'
import { COMPARED } from '../settled/comparable.ts'
import { startSimulatedNodes } from '../settled/simulated-node.ts'
import type { NodePlan, SimulatedNodes } from '../settled/simulated-node.ts'

/** A scenario as it is written down. */
export interface Plan {
  readonly name: string
  readonly about: string
  /** Simulated nodes that it has for itself; absent where it needs containers that run. */
  readonly nodes?: readonly NodePlan[]
  readonly objects: readonly KubeObject[]
  /** Arguments of kubectl, `node start|stop NAME`, or seconds that are waited. `{{ns}}` stands for the namespace. */
  readonly steps: readonly (readonly string[] | number)[]
  /** What lets go of what the scenario holds, after the look at it. */
  readonly after?: readonly (readonly string[])[]
  /** Kinds that are compared beside those that always are. */
  readonly also?: readonly string[]
  /** Fields that the runtimes rightly fill otherwise. */
  readonly without?: readonly string[]
}

/** What was found at the end, and what kubectl was refused on the way. */
export interface Outcome {
  readonly settled: readonly KubeObject[]
  readonly refusals: readonly string[]
}

const kubectl = packagedClient('kubectl') ?? 'kubectl'

/** In a namespace of its own, so that many scenarios share a cluster. */
export async function play(plan: Plan, kubeconfig: string, nodes?: SimulatedNodes): Promise<Outcome> {
  const { name, objects, steps, also = [], after = [] } = plan
  const namespace = `${name}-${process.pid}`
  const refusals: string[] = []
  const run = async (args: readonly string[], input?: string) => {
    const { error, out } = await kubectlOf(kubeconfig, namespace, args, input)
    if (error !== '')
      refusals.push(error.replaceAll(namespace, '<namespace>').replaceAll(/-[a-z0-9]{5}\b/g, '-<random>'))
    return out
  }
  const take = async ([first = '', what = '', node = '', ...rest]: readonly string[]) => {
    if (first === 'node') return void (what === 'stop' ? await nodes?.stop(node) : await nodes?.start(node))
    // What stands after `<<` is its input.
    const words = [first, what, node, ...rest]
      .filter((word) => word !== '')
      .map((word) => word.replaceAll('{{ns}}', namespace))
    const at = words.indexOf('<<')
    await (at < 0 ? run(words) : run(words.slice(0, at), words[at + 1]))
  }
  await run(['create', 'namespace', namespace])
  await run(['wait', '--for=create', 'serviceaccount/default', '--timeout=60s'])
  for (const object of objects) await run(['create', '-f', '-'], JSON.stringify(object).replaceAll('{{ns}}', namespace))
  for (const step of steps) await (typeof step === 'number' ? sleep(step * 1000) : take(step))
  const kinds = [...COMPARED, 'Event', ...also].map((kind) => kind.toLowerCase())
  const settled = itemsOf(await run(['get', kinds.join(','), '-o', 'json']), namespace)
  // What is said of things without a namespace is said in this one.
  const clusters =
    nodes === undefined ? [] : itemsOf(await run(['get', 'events', '-n', 'default', '-o', 'json']), namespace)
  for (const step of after) await take(step)
  if (nodes !== undefined) await clear(kubeconfig, namespace)
  await run(['delete', 'namespace', namespace, ...(nodes === undefined ? ['--wait=false'] : ['--timeout=90s'])])
  return { settled: [...settled, ...clusters], refusals }
}

const STANDSTILL_MS = 5_000
const LOOK_MS = 250
const TRIES = 4

/** On simulated nodes that nobody else has; again where the machine stood still meanwhile, which nodes do not survive. */
export async function playOnNodes(plan: Plan, kubeconfig: string): Promise<Outcome> {
  for (let tries = 1; ; tries += 1) {
    let lookedMs = performance.now()
    let stoodStill = false
    const looking = setInterval(() => {
      stoodStill ||= performance.now() - lookedMs > STANDSTILL_MS
      lookedMs = performance.now()
    }, LOOK_MS)
    const outcome = await playOnce(plan, kubeconfig).finally(() => clearInterval(looking))
    if (!stoodStill || tries === TRIES) return outcome
  }
}

/** The cluster is left as it was found. */
async function playOnce(plan: Plan, kubeconfig: string): Promise<Outcome> {
  const { endpoint } = await parseKubeconfig(readFileSync(kubeconfig, 'utf8'))
  using client = createHttpClient(endpoint)
  const plans = plan.nodes ?? []
  const run = (args: readonly string[], input = '') => kubectlOf(kubeconfig, 'default', args, input)
  const names = plans.map((node) => node.name)
  await run(['delete', 'events', '--all'])
  const nodes = await startSimulatedNodes(systemEnvironment('error'), client, plans)
  try {
    for (const name of names) await run(['wait', '--for=condition=Ready', `node/${name}`, '--timeout=60s'])
    // The taints of a node that has just come are gone a moment after.
    for (const name of names) await run(['wait', '--for=jsonpath={.status.phase}', `node/${name}`, '--timeout=1s'])
    return await play(plan, kubeconfig, nodes)
  } finally {
    const clusterWide = plan.objects.filter(({ kind }) => CLUSTER_WIDE.includes(kind))
    for (const { kind, metadata } of clusterWide)
      await run(['delete', kind.toLowerCase(), metadata.name ?? '', '--ignore-not-found', '--wait=false'])
    await nodes[Symbol.asyncDispose]()
    if (names.length > 0) await run(['delete', 'node', ...names, '--ignore-not-found'])
    await run(['delete', 'persistentvolumes', '--all', '--wait=false'])
  }
}

/** Nothing is to be waited for: no pod's grace, no finalizer of a scenario. */
async function clear(kubeconfig: string, namespace: string): Promise<void> {
  const run = (args: readonly string[]) => kubectlOf(kubeconfig, namespace, args)
  const owners = 'deployments,statefulsets,daemonsets,replicasets,replicationcontrollers,jobs,cronjobs'
  await run(['delete', owners, '--all', '--cascade=orphan', '--wait=false'])
  await run(['delete', 'pods', '--all', '--grace-period=0', '--force', '--wait=false'])
  const { out } = await run(['get', 'pods,persistentvolumeclaims', '-o', 'name'])
  const left = out.split('\n').filter((name) => name !== '')
  for (const name of left) await run(['patch', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
}

const CLUSTER_WIDE: readonly string[] = [
  'PriorityClass',
  'PersistentVolume',
  'StorageClass',
  'RuntimeClass',
  'VolumeAttachment',
  'CustomResourceDefinition',
  'ClusterRole',
]

function itemsOf(list: string, namespace: string): readonly KubeObject[] {
  if (list === '') return []
  return (JSON.parse(list.replaceAll(namespace, '{{ns}}')) as { readonly items: readonly KubeObject[] }).items
}

function kubectlOf(kubeconfig: string, namespace: string, args: readonly string[], input = '') {
  return new Promise<{ readonly out: string; readonly error: string }>((resolve) => {
    const whole = ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args]
    const child = execFile(kubectl, whole, { maxBuffer: 1 << 28 }, (error, out, err) =>
      resolve({ out, error: error === null ? '' : `${args.slice(0, 3).join(' ')}: ${err.trim()}` }),
    )
    child.stdin?.end(input)
  })
}
