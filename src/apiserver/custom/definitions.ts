import type { KubeObject } from '../../api/object.ts'
import type { Draft } from '../../api/draft.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import type { Registry } from '../../api/registry.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change, Mutation, Snapshot } from '../../store/store.ts'
import { StoreError } from '../../store/store.ts'
import { loadExpressions } from './expression-engine.ts'
import { cleanUp } from './definition-cleanup.ts'
import type { DefinitionServer } from './definition-server.ts'
import { CLEANUP_FINALIZER, DEFINITIONS, isTrue } from './definition-status.ts'
import { hasRules } from './rules.ts'
import { kindsOf, storageOf } from './definition-kinds.ts'
import type { Definition, DefinitionCondition } from './json-schema.ts'

/** Serves all definitions that a store holds, as after a restart. */
export async function serveStoredDefinitions(server: DefinitionServer): Promise<void> {
  const { store, registry } = server
  for (const { object } of store.durable().list(DEFINITIONS)) {
    if (needsExpressions(object as Definition)) await loadExpressions()
    serve(registry, object as Definition)
    if (object.metadata.deletionTimestamp !== undefined) beginCleanUp(server, object as Definition)
  }
}

/** Whether a definition's objects obey rules: the engine must be there before the first of them comes. */
function needsExpressions({ spec }: Definition): boolean {
  return spec.versions.some(({ schema }) => schema?.openAPIV3Schema !== undefined && hasRules(schema.openAPIV3Schema))
}

/**
 * What must be true before the write of a definition is acknowledged: its kind is served, and its status says so; a
 * deleted one begins to take its objects along.
 */
export async function followDefinition(server: DefinitionServer, change: Change): Promise<void> {
  const definition = change.entry.object as Definition
  const { store, registry } = server
  if (change.type === 'delete') return withdraw(server, definition)
  if (definition.metadata.deletionTimestamp !== undefined) {
    serve(registry, definition)
    return change.previous?.object.metadata.deletionTimestamp === undefined
      ? beginCleanUp(server, definition)
      : undefined
  }
  const entry = store.head().get(DEFINITIONS, change.entry.key)
  if (entry === undefined) return
  const current = entry.object as Definition
  const updated = withStatus(current, store.head(), formatTime(server.environment.clock.now()))
  if (updated === current) return serve(registry, current)
  const commit = await store.commit([{ type: 'update', resource: DEFINITIONS, key: entry.key, object: updated }])
  const written = commit.changes[0]
  if (written !== undefined) serve(registry, written.entry.object as Definition)
}

/** Nobody waits for it: finalizers of objects may take as long as they like. */
function beginCleanUp(server: DefinitionServer, definition: Definition): void {
  const { name = '', finalizers = [] } = definition.metadata
  if (!finalizers.includes(CLEANUP_FINALIZER)) return
  cleanUp(server, name).catch((error: unknown) => {
    if (error instanceof StoreError && error.code === 'closed') return
    server.environment.log.error('Cannot delete the objects of a definition', { name, error })
  })
}

function serve(registry: Registry, definition: Definition): void {
  if (isTrue(definition, 'Established')) registry.serve(storageOf(definition), kindsOf(definition))
}

/** Nobody can read the objects once their kind is no longer served; they go in one commit. */
async function withdraw({ store, registry }: DefinitionServer, definition: Definition): Promise<void> {
  const resource = storageOf(definition)
  registry.remove(resource)
  const mutations: Mutation[] = []
  for (const { key } of store.head().list(resource)) mutations.push({ type: 'delete', resource, key })
  if (mutations.length > 0) await store.commit(mutations)
}

/** The definition with NamesAccepted and Established; the same object where its status says all that already. */
function withStatus(definition: Definition, head: Snapshot, time: string): Definition {
  const { spec, status } = definition
  const names = { ...spec.names, listKind: spec.names.listKind ?? `${spec.names.kind}List` }
  const conflict = nameConflict(definition, head)
  const established = conflict === undefined || isTrue(definition, 'Established')
  const stored = spec.versions.find((version) => version.storage)?.name
  const storedVersions = status?.storedVersions ?? []
  const complete = stored === undefined || storedVersions.includes(stored)
  const accepted = JSON.stringify(status?.acceptedNames) === JSON.stringify(names)
  if (isTrue(definition, 'NamesAccepted') && isTrue(definition, 'Established') && complete && accepted)
    return definition
  const conditions = [acceptedCondition(conflict, time), establishedCondition(established, time)]
  const versions = complete || stored === undefined ? storedVersions : [...storedVersions, stored]
  const next: Definition = {
    ...definition,
    status: {
      ...status,
      conditions: conditions.map((one) => unchangedOr(definition, one)),
      acceptedNames: conflict === undefined ? names : (status?.acceptedNames ?? { kind: '', plural: '' }),
      storedVersions: versions,
    },
  }
  return ownedByServer(next, definition, time)
}

const SCHEMA = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition'

/** What the server says of a definition is the server's own. */
function ownedByServer(next: Definition, old: Definition, time: string): Definition {
  const draft = structuredClone(next) as unknown as Draft<KubeObject>
  const writer = { manager: 'kube-apiserver', subresource: 'status', hasStatus: true, time }
  trackUpdate(schemaOf(SCHEMA), draft, old, writer)
  return draft as unknown as Definition
}

function unchangedOr({ status }: Definition, next: DefinitionCondition): DefinitionCondition {
  const old = (status?.conditions ?? []).find((one) => one.type === next.type)
  return old?.status === next.status ? old : next
}

function acceptedCondition(conflict: string | undefined, lastTransitionTime: string): DefinitionCondition {
  const type = 'NamesAccepted'
  if (conflict === undefined) {
    return { lastTransitionTime, message: 'no conflicts found', reason: 'NoConflicts', status: 'True', type }
  }
  return { lastTransitionTime, message: conflict, reason: 'MultipleNamesNotAllowed', status: 'False', type }
}

function establishedCondition(established: boolean, lastTransitionTime: string): DefinitionCondition {
  const type = 'Established'
  if (!established) {
    return { lastTransitionTime, message: 'not all names are accepted', reason: 'NotAccepted', status: 'False', type }
  }
  const message = 'the initial names have been accepted'
  return { lastTransitionTime, message, reason: 'InitialNamesAccepted', status: 'True', type }
}

/** Another definition of the group that holds one of this one's names, in Kubernetes' words. */
function nameConflict(definition: Definition, head: Snapshot): string | undefined {
  const { names, group } = definition.spec
  for (const { object } of head.list(DEFINITIONS)) {
    const other = object as Definition
    if (other.metadata.name === definition.metadata.name || other.spec.group !== group) continue
    if (!isTrue(other, 'NamesAccepted')) continue
    const taken = other.spec.names
    const words = [taken.plural, taken.singular, ...(taken.shortNames ?? [])]
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) {
      if (name !== undefined && words.includes(name)) return `"${name}" is already in use`
    }
    if (taken.kind === names.kind || taken.listKind === names.kind) return `"${names.kind}" is already in use`
  }
  return undefined
}
