import type { Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { COLLECTOR, parseCollected } from './collector.ts'
import { INDEX_ANNOTATION } from './job-object.ts'

/** How one index ended. */
export interface IndexResult {
  readonly index: number
  readonly outcome: 'succeeded' | 'failed'
  /** Of the newest attempt; absent where no container ran. */
  readonly exitCode?: number
  /** Why it failed, such as `Error: exit code 3`. */
  readonly reason?: string
  /** How many pods it took. */
  readonly attempts: number
  /** What its newest attempt wrote, standard output and error together. */
  readonly log: string
  /** What it left in the directory for outputs, by path; empty where nothing was collected. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface ArrayPods {
  readonly client: Client
  readonly namespace: string
  readonly job: string
  readonly container: string
  readonly collects: boolean
}

/** The result of the index at `place`, from its pods and their logs. */
export async function resultOf(facts: ArrayPods, place: number): Promise<Omit<IndexResult, 'index'>> {
  const attempts = await attemptsOf(facts, place)
  const pod = attempts.find((one) => one.status?.phase === 'Succeeded') ?? attempts.at(-1)
  if (pod === undefined) return { ...NOTHING, reason: 'NoPod: none was made before the Job ended' }
  const log = await textOf(facts, pod, facts.container).catch((error: Error) => `(no log: ${error.message})`)
  const ended = pod.status?.containerStatuses?.find(({ name }) => name === facts.container)?.state?.terminated
  const code = ended?.exitCode === undefined ? {} : { exitCode: ended.exitCode }
  const base = { attempts: attempts.length, log, ...code }
  if (pod.status?.phase !== 'Succeeded') {
    return { ...base, outcome: 'failed', files: new Map(), reason: reasonOf(pod, ended) }
  }
  if (!facts.collects) return { ...base, outcome: 'succeeded', files: new Map() }
  const collected = parseCollected(await textOf(facts, pod, COLLECTOR))
  if (collected.is === 'files') return { ...base, outcome: 'succeeded', files: collected.files }
  return { ...base, outcome: 'failed', files: new Map(), reason: `OutputLost: ${collected.why}` }
}

const NOTHING = { outcome: 'failed', attempts: 0, log: '', files: new Map<string, Uint8Array>() } as const

/** What the newest attempt of the index at `place` has written. Rejects where it has no pod. */
export async function logOf(facts: ArrayPods, place: number): Promise<string> {
  const pod = (await attemptsOf(facts, place)).at(-1)
  if (pod === undefined) throw new RangeError(`Cannot read the log of index ${place}: it has 0 pods, expected one`)
  return textOf(facts, pod, facts.container)
}

/** The pods of an index, oldest first. */
async function attemptsOf({ client, namespace, job }: ArrayPods, place: number): Promise<readonly Pod[]> {
  const labelSelector = `job-name=${job},${INDEX_ANNOTATION}=${place}`
  const { items } = await client.list(pods, { namespace, labelSelector })
  return items.toSorted((left, right) => failuresBefore(left) - failuresBefore(right))
}

/** A Job that counts failures by index writes onto each pod how many there were before it. */
function failuresBefore({ metadata }: Pod): number {
  return Number(metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'] ?? 0)
}

function reasonOf(
  { status }: Pod,
  ended: { readonly exitCode?: number; readonly reason?: string; readonly message?: string } | undefined,
): string {
  if (status?.reason !== undefined) return `${status.reason}: ${status.message ?? ''}`
  if (ended === undefined) return 'NotEnded: the Job ended before its container did'
  const words = ended.message === undefined ? '' : `: ${ended.message}`
  return `${ended.reason ?? 'Error'}: exit code ${ended.exitCode}${words}`
}

async function textOf({ client, namespace }: ArrayPods, pod: Pod, container: string): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of client.logs({ namespace, name: pod.metadata.name ?? '' }, { container })) {
    text += decoder.decode(bytes, { stream: true })
  }
  return text + decoder.decode()
}
