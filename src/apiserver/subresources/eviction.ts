import type { Pod } from '../../api/generated/core-v1.ts'
import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import type { PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import { fromLabelSelector, matchesLabels } from '../../api/meta/label-selector.ts'
import { ApiError, apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { RemoveOptions, WriteOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Entry } from '../../store/store.ts'
import { removeObject } from '../verbs/delete.ts'
import type { Engine } from '../verbs/engine.ts'
import { commit } from '../verbs/engine.ts'
import { entryAt } from '../verbs/get.ts'
import type { Answer, ObjectTarget, RequestContext } from '../verbs/request.ts'
import { success } from './success.ts'

/** POST of `eviction`: a deletion that disruption budgets may refuse, with 429. */
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
  const how = { ...removalOf(asked), ...(options.dryRun && { dryRun: true }) }
  if (isDisruption(pod)) {
    const budget = budgetOf(engine, pod)
    if (budget !== undefined && !isFree(pod, budget.object as PodDisruptionBudget) && !how.dryRun)
      await takeFrom(engine, budget, pod)
  }
  if (!how.dryRun) await markEvicted(engine, target)
  // Who may refuse it has been asked about the eviction.
  await removeObject(engine, context, whole, how, { admitted: true })
  return success()
}

/** What goes slowly says why it goes. */
async function markEvicted(engine: Engine, target: ObjectTarget): Promise<void> {
  const entry = entryAt(engine.store.head(), target)
  const pod = entry.object as Pod
  if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Succeeded') return
  const evicted = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: formatTime(engine.environment.clock.now()),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  }
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== evicted.type)
  const status = { ...pod.status, conditions: [...others, evicted] }
  const object = { ...pod, status } as unknown as KubeObject
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

async function takeFrom(engine: Engine, entry: Entry, pod: Pod): Promise<void> {
  const budget = entry.object as PodDisruptionBudget
  const allowed = budget.status?.disruptionsAllowed ?? 0
  const name = budget.metadata.name ?? ''
  if (budget.status === undefined || (budget.status.observedGeneration ?? 0) < (budget.metadata.generation ?? 0)) {
    throw tooMany(`The disruption budget ${name} is still being processed by the server.`, 10)
  }
  if (allowed <= 0) {
    const { desiredHealthy, currentHealthy } = budget.status
    throw tooMany(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    )
  }
  const time = formatTime(engine.environment.clock.now())
  const disruptedPods = { ...budget.status.disruptedPods, [pod.metadata.name ?? '']: time }
  const object = { ...budget, status: { ...budget.status, disruptionsAllowed: allowed - 1, disruptedPods } }
  await commit(engine, [{ type: 'update', resource: entry.resource, key: entry.key, object }])
}

function tooMany(message: string, retryAfterSeconds?: number) {
  const causes = [{ reason: 'DisruptionBudget', message }]
  const text = "Cannot evict pod as it would violate the pod's disruption budget."
  return apiError('TooManyRequests', text, {
    causes,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}
