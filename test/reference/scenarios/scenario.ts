import type { Step } from '../../replay/replay.ts'

/** A conversation with an API server: what is asked, in order. `{{ns}}` is a namespace of its own. */
export interface Scenario {
  readonly name: string
  readonly about: string
  readonly steps: readonly Step[]
}

type Rest = Omit<Step, 'id' | 'request'>
type Headers = Readonly<Record<string, string | readonly string[]>>

/** A scenario of `steps` in a namespace that has the account that pods run as. */
export const scenario = (name: string, about: string, steps: readonly Step[]): Scenario => ({
  name,
  about,
  steps: [
    setup(post('ns', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{{ns}}' } })),
    setup(
      post('sa', `${CORE}/serviceaccounts`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default' },
      }),
    ),
    ...steps,
  ],
})

/** Where the scenario's objects of the core group are. */
export const CORE = '/api/v1/namespaces/{{ns}}'

/** Where the scenario's objects of a group are, such as `apps/v1`. */
export const at = (groupVersion: string) => `/apis/${groupVersion}/namespaces/{{ns}}`

/** A step whose answer is not looked at. */
export const setup = (step: Step): Step => ({ ...step, setup: true })

const request =
  (method: string) =>
  (id: string, path: string, body?: unknown, headers?: Headers, rest?: Rest): Step => ({
    id,
    request: { method, path, ...(headers !== undefined && { headers }), ...(body !== undefined && { body }) },
    ...rest,
  })

export const get = (id: string, path: string, headers?: Headers, rest?: Rest): Step =>
  request('GET')(id, path, undefined, headers, rest)
export const post = request('POST')
export const put = request('PUT')
export const remove = request('DELETE')

const patch =
  (type: string) =>
  (id: string, path: string, body: unknown, headers: Headers = {}): Step =>
    request('PATCH')(id, path, body, { 'content-type': `application/${type}`, ...headers })

export const merge = patch('merge-patch+json')
export const strategic = patch('strategic-merge-patch+json')
export const json = patch('json-patch+json')
export const apply = patch('apply-patch+yaml')

/** A body that is sent as it stands. */
export const raw = (id: string, method: string, path: string, body: string, headers: Headers = {}): Step => ({
  id,
  request: { method, path, headers, body, raw: true },
})

export const watch = (id: string, path: string, headers?: Headers): Step => ({
  id,
  watch: path,
  ...(headers !== undefined && { headers }),
})
export const collect = (id: string, from: string, count: number): Step => ({ id, collect: from, count })

export const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
export const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' }
