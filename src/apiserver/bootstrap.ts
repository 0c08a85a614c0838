import { hasReason } from '../api/meta/status.ts'
import type { KubeObject } from '../api/object.ts'
import { create } from './verbs/create.ts'
import type { Engine } from './verbs/engine.ts'
import type { RequestContext } from './verbs/request.ts'

/** Who makes what every cluster has; Kubernetes' own name for the API server as a client of itself. */
const CONTEXT: RequestContext = {
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  userAgent: 'kube-apiserver',
  warn: () => {},
}

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/** Creates what is missing of the objects that exist in every cluster; on a new store, in one flush. */
export async function bootstrap(engine: Engine): Promise<void> {
  const trusted: Engine = { ...engine, authorizer: { ...engine.authorizer, authorize: () => ({ allowed: true }) } }
  await Promise.all(NAMESPACES.map((name) => ensure(trusted, namespace(name))))
  await Promise.all([
    ensure(trusted, kubernetesService()),
    ensure(trusted, priorityClass('system-node-critical', 2_000_001_000, NODE_CRITICAL)),
    ensure(trusted, priorityClass('system-cluster-critical', 2_000_000_000, CLUSTER_CRITICAL)),
  ])
}

async function ensure(engine: Engine, { plural, object }: Wanted): Promise<void> {
  const [group = '', version = ''] = object.apiVersion.includes('/')
    ? object.apiVersion.split('/')
    : ['', object.apiVersion]
  const resource = engine.catalog.find(group, version, plural)
  if (resource === undefined) return
  const { namespace, name = '' } = object.metadata
  const key = namespace === undefined ? name : `${namespace}/${name}`
  if (engine.store.head().get(resource.storage, key) !== undefined) return
  try {
    await create(engine, CONTEXT, { resource, ...(namespace !== undefined && { namespace }) }, { value: object })
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
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

const NODE_CRITICAL = 'Used for system critical pods that must not be moved from their current node.'
const CLUSTER_CRITICAL =
  'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.'

function priorityClass(name: string, value: number, description: string): Wanted {
  const object = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, description }
  return { plural: 'priorityclasses', object }
}
