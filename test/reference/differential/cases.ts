import { createRegistry } from '../../../src/api/registry.ts'
import { schemaOf } from '../../../src/api/schema/schema.ts'
import type { Connection } from '../../../src/client/http/connection.ts'
import type { Base } from './bases.ts'
import { ask, compare } from './compare.ts'
import type { Request } from './compare.ts'
import { mutated, mutationsOf } from './mutations.ts'
import type { Mutation } from './mutations.ts'

export interface Difference {
  readonly name: string
  readonly mutation?: Mutation
  readonly lines: readonly string[]
}

export interface Chosen {
  readonly focus: RegExp
  /** `create` or `update`; both where empty. */
  readonly verb: string
  readonly most: number
}

type Pair = readonly [real: Connection, ours: Connection]

const AT_ONCE = 8

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

/** Tries every mutation of `base` as a creation (dry run) and as an update of the object as it is (dry run). */
export async function runCases(pair: Pair, namespace: string, base: Base, chosen: Chosen) {
  const collection = collectionOf(base, namespace)
  const schema = schemaOf(base.definition)
  const name = (base.object['metadata'] as { name: string }).name
  const mutations = mutationsOf(schema, base.object).filter(({ path }) => chosen.focus.test(path.join('.')))
  const requests: (readonly [string, Mutation | undefined, Request])[] = [
    [
      `create ${base.resource} unchanged`,
      undefined,
      { method: 'POST', path: `${collection}?dryRun=All`, body: base.object },
    ],
  ]
  for (const mutation of mutations) {
    const body = mutated(base.object, mutation)
    const request = { method: 'POST', path: `${collection}?dryRun=All`, body }
    requests.push([`create ${base.resource} ${mutation.path.join('.')}`, mutation, request])
  }
  await Promise.all(pair.map((one) => ask(one, { method: 'POST', path: collection, body: base.object })))
  for (const mutation of mutations) {
    const patch = patchOf(mutation)
    const request = { method: 'PUT', path: `${collection}/${name}?dryRun=All`, body: mutated(base.object, patch) }
    requests.push([`update ${base.resource} ${mutation.path.join('.')}`, mutation, request])
  }
  const wanted = requests.filter(([what]) => what.startsWith(chosen.verb)).slice(0, chosen.most)
  const differences = await inParallel(wanted, async ([what, mutation, request]) => {
    const [want, got] = await Promise.all([ask(pair[0], request), ask(pair[1], request)])
    const lines = compare(want, got, namespace)
    return lines.length === 0 ? undefined : { name: what, lines, ...(mutation !== undefined && { mutation }) }
  })
  await Promise.all(
    pair.map((one) => ask(one, { method: 'DELETE', path: `${collection}/${name}?gracePeriodSeconds=0` })),
  )
  return { asked: wanted.length, differences: differences.filter((one) => one !== undefined) }
}

const patchOf = (mutation: Mutation) => mutation

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
