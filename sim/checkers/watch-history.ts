import type { KubeObject } from '../../src/api/object.ts'
import { groupResourceOf } from '../../src/api/resource-type.ts'
import type { Client, WatchEvent, WatchOptions } from '../../src/client/client.ts'
import type { Change, Store } from '../../src/store/store.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/** A checker, and the way to put it between the server and whoever watches. */
export interface WatchHistory extends Checker {
  probe(client: Client, who: string, fail: (error: unknown) => void): Client
}

/** One watch, and how far it has come in the history of its resource. */
interface Observed {
  readonly id: string
  readonly resource: string
  readonly matches: (object: KubeObject) => boolean
  /** Objects that a watch without a version tells first. */
  readonly initial: Map<string, string>
  next: number
  open: boolean
}

/**
 * Every watcher sees the history of what it watches, from where it began: each change once, in order, none left out, none
 * made up; or its watch ends and says so.
 */
export function watchesAreGapFree(store: Store): WatchHistory {
  const history = new Map<string, Change[]>()
  const watches: Observed[] = []
  const changesOf = (resource: string) => history.get(resource) ?? []
  return {
    name: 'watches without gaps',
    commit({ changes }) {
      for (const change of changes) {
        const known = history.get(change.entry.resource)
        if (known === undefined) history.set(change.entry.resource, [change])
        else known.push(change)
      }
    },
    end() {
      for (const watch of watches.filter(({ open }) => open)) {
        const missed = nextOf(watch, changesOf(watch.resource))
        const what = () => `${missed?.type} of ${missed?.change.entry.key} at ${missed?.change.entry.modified}`
        check(missed === undefined, () => `${watch.id} was never told of the ${what()}`)
      }
    },
    probe: (client, who, fail) => ({
      ...client,
      watch(type, options, handler) {
        const resource = groupResourceOf(type)
        const watch = observed(store, `the watch of ${who} on ${resource}`, resource, options, changesOf(resource))
        watches.push(watch)
        const inner = client.watch(type, options, {
          events(events) {
            try {
              for (const event of events) follow(watch, changesOf(resource), event)
            } catch (error) {
              fail(error)
            }
            handler.events(events)
          },
          closed(error) {
            watch.open = false
            handler.closed(error)
          },
        })
        return {
          close() {
            watch.open = false
            inner.close()
          },
        }
      },
    }),
  }
}

function observed(
  store: Store,
  id: string,
  resource: string,
  options: WatchOptions,
  changes: readonly Change[],
): Observed {
  const matches = selects(options)
  const asked = Number(options.resourceVersion ?? '0')
  const since = asked === 0 ? store.durable().revision : asked
  const there = asked === 0 ? [...store.durable().list(resource)].filter(({ object }) => matches(object)) : []
  const initial = new Map(there.map(({ object }) => [object.metadata.uid!, object.metadata.resourceVersion!]))
  const next = changes.findIndex(({ entry }) => entry.modified > since)
  return { id, resource, matches, initial, next: next < 0 ? changes.length : next, open: true }
}

function follow(watch: Observed, changes: readonly Change[], event: WatchEvent): void {
  const { uid = '', resourceVersion, name } = event.object.metadata
  if (event.type === 'BOOKMARK') return followBookmark(watch, changes, Number(resourceVersion))
  if (event.type === 'ADDED' && watch.initial.get(uid) === resourceVersion) return void watch.initial.delete(uid)
  const expected = nextOf(watch, changes)
  const told = () => `${watch.id} was told ${event.type} ${name} at ${resourceVersion}`
  check(expected !== undefined, () => `${told()}, which never happened`)
  const { entry } = expected!.change
  const isRight = entry.modified === Number(resourceVersion) && entry.object.metadata.uid === uid
  const wanted = () => `expected ${expected!.type} ${entry.key} at ${entry.modified}`
  check(isRight && expected!.type === event.type, () => `${told()}, ${wanted()}`)
  watch.next = expected!.index + 1
}

/** A bookmark says that all up to its version has been told. */
function followBookmark(watch: Observed, changes: readonly Change[], revision: number): void {
  const untold = nextOf(watch, changes)
  const what = () => `${untold?.change.entry.key} at ${untold?.change.entry.modified}`
  const isTrue = untold === undefined || untold.change.entry.modified > revision
  check(isTrue, () => `${watch.id} got a bookmark of ${revision} before it was told of ${what()}`)
}

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** The next change that concerns the watch, and what it has to be told. */
function nextOf(watch: Observed, changes: readonly Change[]) {
  for (let index = watch.next; index < changes.length; index++) {
    const change = changes[index]!
    const type = typeFor(watch, change)
    if (type !== undefined) return { index, change, type }
    watch.next = index + 1
  }
  return undefined
}

function typeFor({ matches }: Observed, { type, entry, previous }: Change): EventType | undefined {
  const before = previous !== undefined && matches(previous.object)
  const after = type !== 'delete' && matches(entry.object)
  if (before) return after ? 'MODIFIED' : 'DELETED'
  return after ? 'ADDED' : undefined
}

/** The selectors that Shoal's own parts use, read anew: equality of a name, of a node, or of labels. */
function selects({ namespace, fieldSelector = '', labelSelector = '' }: WatchOptions): (object: KubeObject) => boolean {
  const terms = [...termsOf(fieldSelector, fieldOf), ...termsOf(labelSelector, labelOf)]
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && terms.every((holds) => holds(object))
}

function termsOf(selector: string, valueOf: (object: KubeObject, name: string) => string) {
  const terms = selector.split(',').filter((term) => term !== '')
  return terms.map((term) => {
    const [name = '', value = ''] = term.split(/==?/)
    return (object: KubeObject) => valueOf(object, name) === value
  })
}

const labelOf = (object: KubeObject, name: string) => object.metadata.labels?.[name] ?? ''

function fieldOf(object: KubeObject, path: string): string {
  const steps = path.split('.')
  const value = steps.reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[step], object)
  return typeof value === 'string' ? value : ''
}
