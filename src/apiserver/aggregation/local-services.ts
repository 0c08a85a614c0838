import type { APIService } from '../../api/generated/apiregistration-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Registry } from '../../api/registry.ts'
import { GROUP_ORDER } from '../../api/served-groups.ts'
import { formatTime } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { Mutation, Store } from '../../store/store.ts'
import { StoreError } from '../../store/store.ts'
import { API_SERVICES } from './remote-service.ts'

/** What keeps the list of API services in step with what this server serves itself. */
export interface LocalServicesOptions {
  readonly store: Store
  readonly registry: Registry
  readonly environment: Environment
}

/** Says whose an API service is: this server's from its start on, or a definition's. */
const MANAGED = 'kube-aggregator.kubernetes.io/automanaged'
const ON_START = 'onstart'

/** Kubernetes' own priorities of groups; versions within a group count 15, unless named. */
const GROUP_PRIORITIES: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'resource.k8s.io': 16_200,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
}
const VERSION_PRIORITIES: Readonly<Record<string, number>> = {
  '/v1': 1,
  'autoscaling/v2': 30,
  'resource.k8s.io/v1': 21,
  'flowcontrol.apiserver.k8s.io/v1': 21,
}

/**
 * Writes an API service for every version of a group that this server serves, and takes those away that it no longer
 * serves. What a user has put in such a place stays. One commit at the start; later ones follow the definitions, unwaited for.
 */
export async function keepLocalServices(options: LocalServicesOptions): Promise<void> {
  let pending = false
  options.registry.onChange(() => {
    if (pending) return
    pending = true
    options.environment.timers.soon(() => {
      pending = false
      write(options).catch((error: unknown) => {
        if (error instanceof StoreError && error.code === 'closed') return
        options.environment.log.error('Cannot keep the list of API services', { error })
      })
    })
  })
  await write(options)
}

async function write(options: LocalServicesOptions): Promise<void> {
  const mutations = changes(options)
  if (mutations.length > 0) await options.store.commit(mutations)
}

function changes({ store, registry, environment }: LocalServicesOptions): readonly Mutation[] {
  const wanted = new Map<string, Mutation>()
  const head = store.head()
  const kept = new Set<string>()
  for (const { name: group, versions } of registry.groups()) {
    // The server of these objects is no service of its own.
    if (group === 'apiregistration.k8s.io') continue
    for (const version of versions) {
      const key = `${version}.${group}`
      kept.add(key)
      if (head.get(API_SERVICES, key) !== undefined) continue
      const object = localService(environment, group, version) as KubeObject
      wanted.set(key, { type: 'create', resource: API_SERVICES, key, object })
    }
  }
  const gone = [...head.list(API_SERVICES)].filter(
    ({ key, object }) => !kept.has(key) && object.metadata.labels?.[MANAGED] !== undefined,
  )
  return [...wanted.values(), ...gone.map(({ key }): Mutation => ({ type: 'delete', resource: API_SERVICES, key }))]
}

function localService({ clock, random }: Environment, group: string, version: string): APIService {
  const time = formatTime(clock.now())
  const isBuiltIn = GROUP_ORDER.includes(group)
  const message = 'Local APIServices are always available'
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {
      name: `${version}.${group}`,
      uid: random.uuid(),
      creationTimestamp: time,
      labels: { [MANAGED]: isBuiltIn ? ON_START : 'true' },
    },
    spec: {
      ...(group !== '' && { group }),
      groupPriorityMinimum: GROUP_PRIORITIES[group] ?? 1000,
      version,
      versionPriority: isBuiltIn ? (VERSION_PRIORITIES[`${group}/${version}`] ?? 15) : 100,
    },
    status: { conditions: [{ lastTransitionTime: time, message, reason: 'Local', status: 'True', type: 'Available' }] },
  }
}
