import { setTimeout as sleep } from 'node:timers/promises'
import { createRegistry } from '../../../src/api/registry.ts'
import { schemaOf } from '../../../src/api/schema/schema.ts'
import type { Connection } from '../../../src/client/http/connection.ts'
import type { Base } from './base.ts'
import { ask, compare } from './compare.ts'
import type { Request } from './compare.ts'
import { mutated, mutationsOf } from './mutations.ts'
import type { Mutation } from './mutations.ts'
import { oddRequests } from './odd-requests.ts'

export interface Difference {
  readonly name: string
  readonly mutation?: Mutation
  readonly lines: readonly string[]
}

export interface Chosen {
  readonly focus: RegExp
  /** `create`, `update`, `status` or `request`; all where empty. */
  readonly verb: string
}

type Pair = readonly [real: Connection, ours: Connection]

const AT_ONCE = 8
const SETTLE_MS = 100

/** Makes a namespace with the account that pods need, in both. */
export async function prepare(pair: Pair): Promise<string> {
  const namespace = `differential-${process.pid}`
  for (const connection of pair) {
    await ask(connection, { method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } })
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`
    await ask(connection, { method: 'POST', path, body: { metadata: { name: 'default' } } })
  }
  return namespace
}

/** Tries every mutation of `base` as a creation (dry run), then as an update of the object as each server has it (dry run). */
export async function runCases(pair: Pair, namespace: string, written: Base, chosen: Chosen) {
  const object = JSON.parse(JSON.stringify(written.object).replaceAll('{{ns}}', namespace)) as Base['object']
  const base = { ...written, object }
  const collection = collectionOf(base, namespace)
  const mutations = mutationsOf(schemaOf(base.definition), base.object).filter(
    ({ path }) => chosen.focus.test(path.join('.')) && (base.deep || !isDeepTemplate(path)),
  )
  const compared: (Difference | undefined)[] = []
  if ('create'.startsWith(chosen.verb))
    compared.push(...(await tryCreates(pair, namespace, base, collection, mutations)))
  const { name } = base.object['metadata'] as { name: string }
  const path = `${collection}/${name}`
  const own = await Promise.all(
    pair.map((one) => makeOwn(one, { method: 'POST', path: collection, body: base.object }, path)),
  )
  if ('update'.startsWith(chosen.verb)) {
    const cases = mutations.map((mutation) => ({
      name: `update ${base.resource} ${mutation.path.join('.')}`,
      mutation,
      requests: own.map((object) => ({ method: 'PUT', path: `${path}?dryRun=All`, body: mutated(object, mutation) })),
    }))
    compared.push(...(await inParallel(cases, (one) => tryCase(pair, namespace, one))))
  }
  if ('status'.startsWith(chosen.verb)) {
    const ofStatus = mutations.filter((mutation) => mutation.path[0] === 'status' || mutation.path[0] === 'metadata')
    const cases = ofStatus.map((mutation) => ({
      name: `status ${base.resource} ${mutation.path.join('.')}`,
      mutation,
      requests: own.map((object) => ({
        method: 'PUT',
        path: `${path}/status?dryRun=All`,
        body: mutated(object, mutation),
      })),
    }))
    compared.push(...(await inParallel(cases, (one) => tryCase(pair, namespace, one))))
  }
  if ('request'.startsWith(chosen.verb)) compared.push(...(await tryRequests(pair, namespace, base, collection, own)))
  await Promise.all(pair.map((one) => ask(one, { method: 'DELETE', path: `${path}?gracePeriodSeconds=0` })))
  return { asked: compared.length, differences: compared.filter((one) => one !== undefined) }
}

/** Tries the requests that {@link oddRequests} names, each with the version and uid that the server's own object has. */
function tryRequests(pair: Pair, namespace: string, base: Base, collection: string, own: readonly unknown[]) {
  const { name } = base.object['metadata'] as { name: string }
  const namespaced = collection.includes('/namespaces/')
  const odd = oddRequests({ collection, path: `${collection}/${name}`, name, object: base.object, namespaced })
  const filled = (request: Request, i: number): Request => {
    const { resourceVersion = '', uid = '' } = (own[i] as { metadata?: Record<string, string> }).metadata ?? {}
    const text = JSON.stringify(request).replaceAll('{{rv}}', resourceVersion).replaceAll('{{uid}}', uid)
    return JSON.parse(text) as Request
  }
  const cases = odd.map((one) => ({
    name: `request ${base.resource} ${one.name}`,
    requests: pair.map((_, i) => filled(one.request, i)),
  }))
  return inParallel(cases, (one) => tryCase(pair, namespace, one))
}

/** What a server makes of the base, once whoever follows it has answered (a definition's conditions). */
async function makeOwn(one: Connection, request: Request, path: string): Promise<unknown> {
  const made = await ask(one, request)
  if (made.status !== 201) console.log(`${path} is refused: ${JSON.stringify(made.body)}`)
  await sleep(SETTLE_MS)
  return (await ask(one, { method: 'GET', path })).body
}

function tryCreates(pair: Pair, namespace: string, base: Base, collection: string, mutations: readonly Mutation[]) {
  const request = (body: unknown) => ({ method: 'POST', path: `${collection}?dryRun=All`, body })
  const cases = mutations.map((mutation) => ({
    name: `create ${base.resource} ${mutation.path.join('.')}`,
    mutation,
    requests: pair.map(() => request(mutated(base.object, mutation))),
  }))
  const unchanged = { name: `create ${base.resource} unchanged`, requests: pair.map(() => request(base.object)) }
  return inParallel([unchanged, ...cases], (one) => tryCase(pair, namespace, one))
}

interface Case {
  readonly name: string
  readonly mutation?: Mutation
  /** To the real server and to ours. */
  readonly requests: readonly Request[]
}

async function tryCase(pair: Pair, namespace: string, { requests, ...one }: Case): Promise<Difference | undefined> {
  const [want, got] = await Promise.all(pair.map((server, i) => ask(server, requests[i] as Request)))
  if (want === undefined || got === undefined) return undefined
  const lines = compare(want, got, namespace)
  return lines.length === 0 ? undefined : { ...one, lines }
}

/** Pod specs are tried as pods; of those within other kinds, the fields at their top are enough. */
function isDeepTemplate(path: Mutation['path']): boolean {
  const at = path.indexOf('template')
  return at >= 0 && path.length > at + 3
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  let next = 0
  const run = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  return results
}

const registry = createRegistry()

function collectionOf({ resource, object }: Base, namespace: string): string {
  const apiVersion = String(object['apiVersion'])
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const namespaced = registry.find(group ?? '', version ?? '', resource)?.type.namespaced ?? false
  const root = group === '' ? '/api/v1' : `/apis/${apiVersion}`
  return namespaced ? `${root}/namespaces/${namespace}/${resource}` : `${root}/${resource}`
}
