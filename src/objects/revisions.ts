import type { ReplicaSet } from '../api/generated/apps-v1.ts'
import type { PodTemplateSpec } from '../api/generated/core-v1.ts'
import { deployments, replicaSets } from '../api/generated/resources.ts'
import type { ObjectKey } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import { ObjectsError } from './objects-error.ts'

/** One of a Deployment's versions, which a ReplicaSet of its own keeps. */
export interface Revision {
  readonly revision: number
  readonly images: readonly string[]
  /** RFC 3339. */
  readonly createdAt: string
  /** Pods of it there are. */
  readonly replicas: number
}

const ANNOTATION = 'deployment.kubernetes.io/revision'

/** Oldest first. */
export async function revisionsOf(client: Client, key: ObjectKey): Promise<readonly Revision[]> {
  return (await setsOf(client, key)).map((set) => ({
    revision: revisionOf(set),
    images: set.spec?.template?.spec?.containers.map(({ image = '' }) => image) ?? [],
    createdAt: set.metadata.creationTimestamp ?? '',
    replicas: set.status?.replicas ?? 0,
  }))
}

/** The template of a revision (default: of the one before the newest), without the label that its ReplicaSet added. */
export async function templateOf(client: Client, key: ObjectKey, revision?: number): Promise<PodTemplateSpec> {
  const sets = await setsOf(client, key)
  const set = revision === undefined ? sets.at(-2) : sets.find((one) => revisionOf(one) === revision)
  const template = set?.spec?.template
  if (template === undefined) throw noRevision(key.name, revision, sets.map(revisionOf))
  const { 'pod-template-hash': _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

async function setsOf(client: Client, key: ObjectKey): Promise<readonly ReplicaSet[]> {
  const { metadata } = await client.get(deployments, key)
  const { items } = await client.list(replicaSets, { namespace: key.namespace ?? 'default' })
  return items
    .filter((set) => set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
    .toSorted((left, right) => revisionOf(left) - revisionOf(right))
}

const revisionOf = (set: ReplicaSet) => Number(set.metadata.annotations?.[ANNOTATION] ?? 0)

function noRevision(name: string, revision: number | undefined, known: readonly number[]): ObjectsError {
  const wanted = revision === undefined ? 'a revision before the current one' : `revision ${revision}`
  const message = `Cannot roll back "${name}": it has revisions ${known.join(', ') || 'none'}, expected ${wanted}`
  return new ObjectsError('OBJECTS_NO_REVISION', message, 'history() lists the revisions that there are')
}
