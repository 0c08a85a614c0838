import { createRequire } from 'node:module'
import type sortedBTree from 'sorted-btree'
import type { Change, Commit, Entry, Snapshot } from './store.ts'

type BTree<K, V> = sortedBTree.default<K, V>
// The package is CommonJS with a default export, which loaders hand over in different ways; `require` has but one.
const BTree = (createRequire(import.meta.url)('sorted-btree') as typeof sortedBTree).default

/** The objects of one resource. Both maps are persistent: a clone is O(1) and a write copies one path of nodes. */
interface ResourceState {
  readonly entries: BTree<string, Entry>
  /** Objects by namespace, so that a quota or a metric does not walk them. */
  readonly namespaces: BTree<string, number>
}

/** A {@link Snapshot} from which the next one can be made. */
export interface State extends Snapshot {
  /** The state after `commit`; this one stays as it is. Takes microseconds, whatever the number of objects. */
  apply(commit: Commit): State
}

/** The state without objects at `revision`. */
export function emptyState(revision: number): State {
  return createState(revision, new BTree<string, ResourceState>(undefined, byCodeUnits))
}

/** The state with `entries`, in any order, at `revision`: for loading, without a copy per entry. */
export function loadedState(revision: number, entries: Iterable<Entry>): State {
  const resources = new BTree<string, ResourceState>(undefined, byCodeUnits)
  for (const entry of entries) {
    let state = resources.get(entry.resource)
    if (state === undefined) resources.set(entry.resource, (state = emptyResource()))
    state.entries.set(entry.key, entry)
    countOne(state.namespaces, entry.key, 1)
  }
  return createState(revision, resources)
}

function createState(revision: number, resources: BTree<string, ResourceState>): State {
  return {
    revision,
    get: (resource, key) => resources.get(resource)?.entries.get(key),
    list: (resource, range) => listRange(resources.get(resource)?.entries, range),
    count: (resource, prefix = '') => countPrefix(resources.get(resource), prefix),
    resources: () => resources.keys(),
    apply: (commit) => createState(commit.revision, applyChanges(resources, commit.changes)),
  }
}

function applyChanges(before: BTree<string, ResourceState>, changes: readonly Change[]): BTree<string, ResourceState> {
  const resources = before.clone()
  const opened = new Map<string, ResourceState>()
  for (const change of changes) {
    const name = change.entry.resource
    let state = opened.get(name)
    if (state === undefined) {
      state = cloneResource(resources.get(name))
      opened.set(name, state)
      resources.set(name, state)
    }
    applyChange(state, change)
  }
  for (const [name, state] of opened) if (state.entries.isEmpty) resources.delete(name)
  return resources
}

function applyChange(state: ResourceState, { type, entry }: Change): void {
  if (type === 'delete') state.entries.delete(entry.key)
  else state.entries.set(entry.key, entry)
  if (type === 'create') countOne(state.namespaces, entry.key, 1)
  if (type === 'delete') countOne(state.namespaces, entry.key, -1)
}

function countOne(namespaces: BTree<string, number>, key: string, difference: 1 | -1): void {
  const slash = key.indexOf('/')
  if (slash < 0) return
  const namespace = key.slice(0, slash + 1)
  const count = (namespaces.get(namespace) ?? 0) + difference
  if (count === 0) namespaces.delete(namespace)
  else namespaces.set(namespace, count)
}

function countPrefix(state: ResourceState | undefined, prefix: string): number {
  if (state === undefined) return 0
  if (prefix === '') return state.entries.size
  if (prefix.indexOf('/') === prefix.length - 1) return state.namespaces.get(prefix) ?? 0
  let count = 0
  for (const _ of listRange(state.entries, { prefix })) count++
  return count
}

/** Walks from the first key asked for to the last one with the prefix, and no others. Each call to iterate starts anew. */
function listRange(
  entries: BTree<string, Entry> | undefined,
  { prefix = '', after }: { readonly prefix?: string; readonly after?: string } = {},
): Iterable<Entry> {
  if (entries === undefined) return []
  const low = after === undefined || after < prefix ? prefix : after
  return {
    *[Symbol.iterator]() {
      // `values` with a bound that is absent starts at the next key.
      for (const entry of entries.values(low)) {
        if (!entry.key.startsWith(prefix)) return
        if (entry.key !== after) yield entry
      }
    },
  }
}

function cloneResource(state: ResourceState | undefined): ResourceState {
  return state === undefined
    ? emptyResource()
    : { entries: state.entries.clone(), namespaces: state.namespaces.clone() }
}

function emptyResource(): ResourceState {
  return {
    entries: new BTree<string, Entry>(undefined, byCodeUnits),
    namespaces: new BTree<string, number>(undefined, byCodeUnits),
  }
}

/** The order of keys: that of their bytes, which for the ASCII of names is that of their code units. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
