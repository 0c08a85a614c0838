import type { ComponentStatus } from '../../api/generated/core-v1.ts'
import { apiError } from '../../api/meta/status.ts'
import type { ObjectList } from '../../api/object.ts'
import type { Engine } from '../verbs/engine.ts'
import type { CollectionTarget, ObjectTarget } from '../verbs/request.ts'
import type { Selection } from '../verbs/selection.ts'

/** Where Kubernetes' own components say how they are. */
const PORTS = { scheduler: 10_259, 'controller-manager': 10_257 } as const
/** How long one of them may take, in milliseconds: Kubernetes' bound. */
const LONGEST_MS = 20_000

/** Whether a target is how the parts of the control plane are: made when it is asked for. */
export function isComponent({ resource: { type } }: CollectionTarget): boolean {
  return type.plural === 'componentstatuses' && type.group === ''
}

export async function listComponents(engine: Engine, selection: Selection): Promise<ObjectList> {
  const all = await Promise.all(NAMES.map((name) => component(engine, name)))
  const items = all.filter((one) => selection.matches(one))
  return { apiVersion: 'v1', kind: 'ComponentStatusList', metadata: {}, items }
}

export async function getComponent(engine: Engine, { name }: ObjectTarget): Promise<ComponentStatus> {
  const known = NAMES.find((one) => one === name)
  if (known !== undefined) return await component(engine, known)
  throw apiError('NotFound', `componentstatus "${name}" not found`, { name, kind: 'componentstatus' })
}

const NAMES = ['scheduler', 'controller-manager', 'etcd-0'] as const

/** The store answers, since this does. Scheduler and controllers are within, or are asked where Kubernetes' own would be. */
async function component({ nodeStreams }: Engine, name: (typeof NAMES)[number]): Promise<ComponentStatus> {
  // Whoever runs the loops serves measurements, too.
  const isWithin = name === 'etcd-0' || nodeStreams?.usage !== undefined
  const { isHealthy, message } = isWithin ? { isHealthy: true, message: 'ok' } : await probe(PORTS[name])
  const condition = { type: 'Healthy', status: isHealthy ? 'True' : 'False', message }
  return { apiVersion: 'v1', kind: 'ComponentStatus', metadata: { name }, conditions: [condition] }
}

/** Asks a server whose certificate nobody here can know; never rejects. */
async function probe(port: number): Promise<{ readonly isHealthy: boolean; readonly message: string }> {
  const url = `https://127.0.0.1:${port}/healthz`
  const { get } = await import('node:https')
  return await new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => {
      const isRefused = error.code === 'ECONNREFUSED'
      const why = isRefused ? `dial tcp 127.0.0.1:${port}: connect: connection refused` : error.message
      resolve({ isHealthy: false, message: `Get "${url}": ${why}` })
    }
    const request = get(url, { rejectUnauthorized: false, timeout: LONGEST_MS }, (response) => {
      let message = ''
      response.setEncoding('utf8').on('data', (text: string) => (message += text))
      response.once('error', failed).once('end', () => resolve({ isHealthy: response.statusCode === 200, message }))
    })
    request.once('timeout', () => request.destroy(new Error(`no answer in ${LONGEST_MS / 1000} s`)))
    request.once('error', failed)
  })
}
