import type { Change } from '../store/store.ts'

/** What is watched: a resource, one namespace of it, or one object. */
export interface Scope {
  /** Storage name, such as `pods` or `deployments.apps`. */
  readonly resource: string
  /** `namespace/`: only keys that start with it. All where absent or empty. */
  readonly prefix?: string
  /** Only the object with this key. */
  readonly key?: string
  /** Only pods of that node, in all namespaces: each node's agent watches its own, and must not hear of all others'. */
  readonly node?: string
}

/** Receivers by what they watch, so that a change costs nothing to those who watch something else. */
export class WatchIndex<R> {
  readonly #resources = new Map<string, Receivers<R>>()

  add(scope: Scope, receiver: R): void {
    let receivers = this.#resources.get(scope.resource)
    if (receivers === undefined) this.#resources.set(scope.resource, (receivers = emptyReceivers()))
    if (scope.key !== undefined) addTo(receivers.keys, scope.key, receiver)
    else if (isByNode(scope)) addTo(receivers.nodes, scope.node, receiver)
    else if (scope.prefix) addTo(receivers.prefixes, scope.prefix, receiver)
    else receivers.all.add(receiver)
  }

  remove(scope: Scope, receiver: R): void {
    const receivers = this.#resources.get(scope.resource)
    if (receivers === undefined) return
    if (scope.key !== undefined) removeFrom(receivers.keys, scope.key, receiver)
    else if (isByNode(scope)) removeFrom(receivers.nodes, scope.node, receiver)
    else if (scope.prefix) removeFrom(receivers.prefixes, scope.prefix, receiver)
    else receivers.all.delete(receiver)
    const { all, prefixes, keys, nodes } = receivers
    if (all.size + prefixes.size + keys.size + nodes.size === 0) this.#resources.delete(scope.resource)
  }

  /** Hands each group of receivers that watch the same the changes that they are to hear of, in order. */
  route(
    resource: string,
    changes: readonly Change[],
    deliver: (to: ReadonlySet<R>, changes: readonly Change[]) => void,
  ) {
    const receivers = this.#resources.get(resource)
    if (receivers === undefined) return
    if (receivers.all.size > 0) deliver(receivers.all, changes)
    if (receivers.prefixes.size > 0) routeBy(receivers.prefixes, changes, namespacePrefixes, deliver)
    if (receivers.keys.size > 0) routeBy(receivers.keys, changes, keysOf, deliver)
    if (receivers.nodes.size > 0) routeBy(receivers.nodes, changes, nodesOf, deliver)
  }

  watches(resource: string): boolean {
    return this.#resources.has(resource)
  }
}

interface Receivers<R> {
  readonly all: Set<R>
  /** By `namespace/`. */
  readonly prefixes: Map<string, Set<R>>
  readonly keys: Map<string, Set<R>>
  /** By the name of the node. */
  readonly nodes: Map<string, Set<R>>
}

function emptyReceivers<R>(): Receivers<R> {
  return { all: new Set(), prefixes: new Map(), keys: new Map(), nodes: new Map() }
}

function addTo<R>(sets: Map<string, Set<R>>, name: string, receiver: R): void {
  const set = sets.get(name)
  if (set === undefined) sets.set(name, new Set([receiver]))
  else set.add(receiver)
}

function removeFrom<R>(sets: Map<string, Set<R>>, name: string, receiver: R): void {
  const set = sets.get(name)
  if (set?.delete(receiver) && set.size === 0) sets.delete(name)
}

/** A namespace is no part of what a node's receivers are found by, so they have to watch all. */
function isByNode(scope: Scope): scope is Scope & { readonly node: string } {
  return scope.node !== undefined && !scope.prefix
}

function namespacePrefixes({ entry }: Change): readonly string[] {
  return [entry.key.slice(0, entry.key.indexOf('/') + 1)]
}

function keysOf({ entry }: Change): readonly string[] {
  return [entry.key]
}

interface Placed {
  readonly spec?: { readonly nodeName?: string }
}

/** The node that a pod is on, and the one that it was on before. */
function nodesOf({ entry, previous }: Change): readonly string[] {
  const after = (entry.object as Placed).spec?.nodeName
  const before = (previous?.object as Placed | undefined)?.spec?.nodeName
  const names = before === after ? [after] : [before, after]
  return names.filter((name) => name !== undefined)
}

function routeBy<R>(
  sets: ReadonlyMap<string, ReadonlySet<R>>,
  changes: readonly Change[],
  namesOf: (change: Change) => readonly string[],
  deliver: (to: ReadonlySet<R>, changes: readonly Change[]) => void,
): void {
  const found = new Map<ReadonlySet<R>, Change[]>()
  for (const change of changes) {
    for (const name of namesOf(change)) {
      const set = sets.get(name)
      if (set === undefined) continue
      const heard = found.get(set)
      if (heard === undefined) found.set(set, [change])
      else heard.push(change)
    }
  }
  for (const [set, heard] of found) deliver(set, heard)
}
