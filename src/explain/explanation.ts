/** Why something waits or fails: every reason, with numbers, and what would change it. */
export interface Explanation {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  /** One sentence: how it is. */
  readonly state: string
  /** Nothing holds it back. */
  readonly isWell: boolean
  readonly reasons: readonly Reason[]
  /** Of a pod without a node: what each node says. */
  readonly nodes: readonly NodeVerdict[]
  /** The smallest change found that would place it. */
  readonly fix?: Fix
  /** Of a Job or a Deployment: what holds its pods back, alike ones together. */
  readonly pods: readonly PodGroup[]
}

export interface Reason {
  /** Who says so: a plugin of the scheduler, a condition, a container's state. */
  readonly source: string
  readonly message: string
  readonly waitingHelps: Help
}

/** Whether it may pass by itself, when others end or change. */
export type Help = 'yes' | 'no' | 'perhaps'

export interface NodeVerdict {
  readonly node: string
  readonly plugin: string
  readonly reasons: readonly string[]
  /** For each resource that is short: what is asked and what is there. */
  readonly amounts: readonly ShortResource[]
  readonly waitingHelps: Help
  readonly preemptionMayHelp: boolean
}

/** In thousandths of a CPU, bytes, or pieces. */
export interface ShortResource {
  readonly resource: string
  readonly asked: number
  readonly free: number
  readonly allocatable: number
}

/** A change after which a trial on a snapshot has found a node. */
export interface Fix {
  readonly change: string
  /** What changes: the pod's own spec, a node, or what there is in the cluster: nodes, claims, classes, volumes. */
  readonly changes: 'pod' | 'node' | 'cluster'
  readonly node: string
}

export interface PodGroup {
  readonly count: number
  readonly example: string
  readonly explanation: Explanation
}

/** `500m`, `2`, `1.5Gi`, as people write amounts. */
export function amountText(resource: string, amount: number): string {
  if (resource === 'cpu') return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`
  if (resource !== 'memory' && !resource.includes('storage') && !resource.startsWith('hugepages-'))
    return String(amount)
  for (const [unit, size] of UNITS) if (Math.abs(amount) >= size) return `${Number((amount / size).toFixed(1))}${unit}`
  return String(amount)
}

const UNITS = [
  ['Ti', 2 ** 40],
  ['Gi', 2 ** 30],
  ['Mi', 2 ** 20],
  ['Ki', 2 ** 10],
] as const
