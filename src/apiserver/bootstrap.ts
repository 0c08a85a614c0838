import { formatTime } from '../env/clock.ts'
import { hasReason } from '../api/meta/status.ts'
import type { KubeObject } from '../api/object.ts'
import { DEFAULT_SERVICE_RANGE } from './allocation/service-allocations.ts'
import { create } from './verbs/create.ts'
import type { Engine } from './verbs/engine.ts'
import type { RequestContext } from './verbs/request.ts'
import { update } from './verbs/update.ts'

/** Who makes what every cluster has; Kubernetes' own name for the API server as a client of itself. */
const CONTEXT: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  userAgent: 'kube-apiserver',
  warn: () => {},
}

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/** Creates what is missing of the objects that exist in every cluster; on a new store, in one flush. */
export async function bootstrap(engine: Engine, range = DEFAULT_SERVICE_RANGE): Promise<void> {
  const trusted: Engine = { ...engine, authorizer: { ...engine.authorizer, authorize: () => ({ allowed: true }) } }
  await Promise.all(NAMESPACES.map((name) => ensure(trusted, namespace(name))))
  await Promise.all([
    ensure(trusted, kubernetesService()),
    ensure(trusted, tokenTracking(engine)),
    ensure(trusted, serviceRange(range)).then((made) => (made ? readyRange(trusted) : undefined)),
    ensure(trusted, priorityClass('system-node-critical', 2_000_001_000, NODE_CRITICAL)),
    ensure(trusted, priorityClass('system-cluster-critical', 2_000_000_000, CLUSTER_CRITICAL)),
  ])
}

/** Resolves to whether it was missing. */
async function ensure(engine: Engine, { plural, object }: Wanted): Promise<boolean> {
  const [group = '', version = ''] = object.apiVersion.includes('/')
    ? object.apiVersion.split('/')
    : ['', object.apiVersion]
  const resource = engine.catalog.find(group, version, plural)
  if (resource === undefined) return false
  const { namespace, name = '' } = object.metadata
  const key = namespace === undefined ? name : `${namespace}/${name}`
  if (engine.store.head().get(resource.storage, key) !== undefined) return false
  try {
    await create(engine, CONTEXT, { resource, ...(namespace !== undefined && { namespace }) }, { value: object })
    return true
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
    return false
  }
}

interface Wanted {
  readonly plural: string
  readonly object: KubeObject
}

function namespace(name: string): Wanted {
  return { plural: 'namespaces', object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } }
}

function kubernetesService(): Wanted {
  const labels = { component: 'apiserver', provider: 'kubernetes' }
  const ports = [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }]
  const metadata = { name: 'kubernetes', namespace: 'default', labels }
  const object = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports, type: 'ClusterIP' } }
  return { plural: 'services', object }
}

/** Since when the use of tokens that lie in Secrets is recorded; who cleans them up reads it. */
function tokenTracking({ environment }: Engine): Wanted {
  const metadata = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' }
  const data = { since: formatTime(environment.clock.now()).slice(0, 10) }
  return { plural: 'configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as KubeObject }
}

/** The range that Services get their addresses from, as an object to look at. */
function serviceRange(range: string): Wanted {
  const metadata = { name: 'kubernetes' }
  const object = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata, spec: { cidrs: [range] } }
  return { plural: 'servicecidrs', object }
}

/** What a new object's status says is dropped: the range is said to be ready by a write of its own. */
async function readyRange(engine: Engine): Promise<void> {
  const resource = engine.catalog.find('networking.k8s.io', 'v1', 'servicecidrs')
  if (resource === undefined) return
  const message = 'Kubernetes default Service CIDR is ready'
  const lastTransitionTime = formatTime(engine.environment.clock.now())
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime, reason: '', message }]
  const value = { ...serviceRange('').object, spec: undefined, status: { conditions } }
  await update(engine, CONTEXT, { resource, name: 'kubernetes', subresource: 'status' }, { value })
}

const NODE_CRITICAL = 'Used for system critical pods that must not be moved from their current node.'
const CLUSTER_CRITICAL =
  'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'

function priorityClass(name: string, value: number, description: string): Wanted {
  const object = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description }
  return { plural: 'priorityclasses', object }
}
