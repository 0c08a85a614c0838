import { ApiError, apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { GetOptions } from '../../client/client.ts'
import type { Entry, Snapshot } from '../../store/store.ts'
import { getComponent, isComponent } from '../components/component-statuses.ts'
import { scaleOf } from '../subresources/scale-object.ts'
import { getMeasured, isMeasured } from '../usage/measured-objects.ts'
import { waitForRevision } from '../../watch/freshness.ts'
import { authorize } from './authorization.ts'
import { servedForm } from './conversion.ts'
import type { Engine } from './engine.ts'
import { notFound } from './failure.ts'
import type { ObjectTarget, RequestContext } from './request.ts'

/** Answers what is durable, so that nobody acts on a write that may yet be discarded. */
export async function get(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  options: GetOptions = {},
): Promise<KubeObject> {
  authorize(engine, context, 'get', target)
  context.signal?.throwIfAborted()
  if (isMeasured(target)) return await getMeasured(engine, target)
  if (isComponent(target)) return await getComponent(engine, target)
  const { resourceVersion } = options
  const isEvent = target.resource.storage === 'events'
  const revision = isEvent ? listRevision(resourceVersion) : parseRevision(resourceVersion)
  if (revision > engine.store.durable().revision) await caughtUp(engine, context, revision, !isEvent)
  const { object } = entryAt(engine.store.durable(), target)
  const served = await servedForm(engine, target.resource, object)
  return target.subresource === 'scale' ? scaleOf(target.resource, served) : served
}

/** The entry that a target names, at `snapshot`; throws NotFound. */
export function entryAt(snapshot: Snapshot, target: ObjectTarget): Entry {
  const entry = snapshot.get(target.resource.storage, storageKey(target))
  if (entry === undefined) throw notFound(target.resource.type, target.name)
  return entry
}

/** The key under which a target is stored: `namespace/name`, or `name` where it is cluster-scoped. */
export function storageKey(target: { readonly namespace?: string; readonly name: string }): string {
  return target.namespace === undefined ? target.name : `${target.namespace}/${target.name}`
}

/** A resource version that a client sent, as a revision: 0 for any. What is no number is a server's failure to Kubernetes. */
export function parseRevision(text = ''): number {
  if (text === '' || text === '0') return 0
  const revision = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(revision)) return revision
  const message = `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`
  throw new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}

/** As it is read for lists, and for what no cache holds: what is no number is the client's fault. */
export function listRevision(text: string | undefined): number {
  try {
    return parseRevision(text)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw apiError('BadRequest', `invalid resource version: ${error.message}`)
  }
}

/** Waits for a revision that lies in the future, for as long as Kubernetes does, then rejects with its Timeout. */
export function caughtUp(engine: Engine, context: RequestContext, revision: number, isCached: boolean): Promise<void> {
  return waitForRevision(engine.store, engine.environment.timers, revision, context.signal, isCached)
}
