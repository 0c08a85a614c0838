import type { Pod } from '../../api/generated/core-v1.ts'
import type { Condition, DeleteOptions } from '../../api/generated/meta-v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/generated/policy-v1.ts'
import { notSupported } from '../../api/meta/field-error.ts'
import { fromLabelSelector, matchesLabels } from '../../api/meta/label-selector.ts'
import { ApiError, apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { RemoveOptions, WriteOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Entry } from '../../store/store.ts'
import { checkPreconditions, removeObject } from '../verbs/delete.ts'
import type { Engine } from '../verbs/engine.ts'
import { commit } from '../verbs/engine.ts'
import { invalidOptions } from '../verbs/failure.ts'
import { entryAt } from '../verbs/get.ts'
import type { Answer, ObjectTarget, RequestContext } from '../verbs/request.ts'
import { success } from './success.ts'

/** POST of `eviction`: a deletion that disruption budgets may refuse, with 429. A dry run asks them too, and takes nothing. */
export async function evict(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  body: KubeObject,
  options: WriteOptions,
): Promise<Answer> {
  const pod = entryAt(engine.store.head(), target).object as Pod
  const { subresource: _, ...whole } = target
  const asked = (body as KubeObject & { deleteOptions?: Partial<DeleteOptions> }).deleteOptions ?? {}
  const tries = asked.dryRun ?? []
  if (tries.some((one) => one !== 'All'))
    throw invalidOptions('DeleteOptions', [notSupported('dryRun', tries, ['All'])])
  const isDryRun = options.dryRun === true || tries.length > 0
  const how: RemoveOptions = { ...removalOf(asked), ...(isDryRun && { dryRun: true }) }
  if (isDisruption(pod)) {
    const budget = budgetOf(engine, pod)
    if (budget !== undefined && !isFree(pod, budget.object as PodDisruptionBudget))
      await takeFrom(engine, budget, pod, isDryRun)
  }
  if (!isDryRun) await markEvicted(engine, target, how)
  // Who may refuse it has been asked about the eviction; what the pod was to be like has been looked at before it was marked.
  const { uid } = how.preconditions ?? {}
  const removal = isDryRun ? how : { ...how, preconditions: uid === undefined ? {} : { uid } }
  await removeObject(engine, context, whole, removal, { admitted: true })
  return success()
}

/** What goes slowly says why it goes. */
async function markEvicted(engine: Engine, target: ObjectTarget, how: RemoveOptions): Promise<void> {
  const entry = entryAt(engine.store.head(), target)
  checkPreconditions(target, entry.object, how)
  const pod = entry.object as Pod
  const known = pod.status?.conditions ?? []
  const before = known.find(({ type }) => type === 'DisruptionTarget')
  const evicted = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime:
      before?.status === 'True' ? before.lastTransitionTime : formatTime(engine.environment.clock.now()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const conditions = before === undefined ? [...known, evicted] : known.map((one) => (one === before ? evicted : one))
  const object = { ...pod, status: { ...pod.status, conditions } } as unknown as KubeObject
  await commit(engine, [{ type: 'update', resource: entry.resource, key: entry.key, object }])
}

function removalOf({ gracePeriodSeconds, propagationPolicy, preconditions }: Partial<DeleteOptions>): RemoveOptions {
  return {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && {
      propagationPolicy: propagationPolicy as NonNullable<RemoveOptions['propagationPolicy']>,
    }),
    ...(preconditions !== undefined && { preconditions }),
  }
}

/** A pod that has ended, not begun or is on its way out takes nothing from anybody's budget. */
function isDisruption({ metadata, status }: Pod): boolean {
  const phase = status?.phase
  return phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Pending' && metadata.deletionTimestamp === undefined
}

function budgetOf(engine: Engine, pod: Pod): Entry | undefined {
  const prefix = `${pod.metadata.namespace ?? ''}/`
  const found: Entry[] = []
  for (const entry of engine.store.head().list('poddisruptionbudgets.policy', { prefix })) {
    const selector = fromLabelSelector((entry.object as PodDisruptionBudget).spec?.selector)
    if (selector !== undefined && matchesLabels(selector, pod.metadata.labels)) found.push(entry)
  }
  if (found.length < 2) return found[0]
  // Kubernetes gives no reason for this one.
  throw new ApiError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    code: 500,
  })
}

/** A pod that is not ready does not count as healthy: it may go where its budget says so, or has enough of others. */
function isFree({ status }: Pod, { spec, status: counts }: PodDisruptionBudget): boolean {
  if (status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true) return false
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  const { currentHealthy = 0, desiredHealthy = 0 } = counts ?? {}
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

/** Evictions of one budget that its controller has not seen the end of. */
const MOST_DISRUPTED = 2000

async function takeFrom(engine: Engine, entry: Entry, pod: Pod, isDryRun: boolean): Promise<void> {
  const budget = entry.object as PodDisruptionBudget
  const {
    disruptionsAllowed = 0,
    desiredHealthy = 0,
    currentHealthy = 0,
    ...status
  }: Partial<PodDisruptionBudgetStatus> = budget.status ?? {}
  const name = budget.metadata.name ?? ''
  if ((status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, 10)
  }
  if (Object.keys(status.disruptedPods ?? {}).length > MOST_DISRUPTED) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller'
    throw forbidden(name, why)
  }
  if (disruptionsAllowed <= 0) {
    throw tooMany(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    )
  }
  if (isDryRun) return
  const nowMs = engine.environment.clock.now()
  const left = disruptionsAllowed - 1
  const disruptedPods = { ...status.disruptedPods, [pod.metadata.name ?? '']: formatTime(nowMs) }
  const next = {
    ...budget.status!,
    disruptionsAllowed: left,
    disruptedPods,
    ...(left === 0 && { conditions: usedUp(budget.status!, nowMs) }),
  }
  const object: KubeObject & Pick<PodDisruptionBudget, 'status'> = { ...budget, status: next }
  await commit(engine, [{ type: 'update', resource: entry.resource, key: entry.key, object }])
}

/** The conditions of a budget of which nothing is left. */
function usedUp(
  { conditions = [], observedGeneration }: PodDisruptionBudgetStatus,
  nowMs: number,
): readonly Condition[] {
  const before = conditions.find(({ type }) => type === 'DisruptionAllowed')
  const next: Condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    reason: 'InsufficientPods',
    message: '',
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : formatTime(nowMs),
    ...(observedGeneration !== undefined && { observedGeneration }),
  }
  return before === undefined ? [...conditions, next] : conditions.map((one) => (one === before ? next : one))
}

function forbidden(name: string, why: string) {
  const message = `poddisruptionbudget.policy "${name}" is forbidden: ${why}`
  return apiError('Forbidden', message, { name, group: 'policy', kind: 'poddisruptionbudget' })
}

function tooMany(message: string, retryAfterSeconds?: number) {
  const causes = [{ reason: 'DisruptionBudget', message }]
  const text = "Cannot evict pod as it would violate the pod's disruption budget."
  return apiError('TooManyRequests', text, {
    causes,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}
