import type { Mutation } from '../../store/store.ts'
import { planDeletion } from '../verbs/deletion-plan.ts'
import { CLEANUP_FINALIZER, DEFINITIONS, isTrue, withTerminating } from './definition-status.ts'
import type { DefinitionServer } from './definition-server.ts'
import { kindsOf, storageOf } from './definition-kinds.ts'
import type { Definition } from './json-schema.ts'

/** Objects that are deleted in one commit. */
const BATCH = 500

/**
 * Deletes the objects of a definition that has been told to go, waits until the last is gone (some have finalizers that
 * others must remove), then takes the finalizer away, most often the last one.
 */
export async function cleanUp(server: DefinitionServer, key: string): Promise<void> {
  const { store } = server
  let definition = current(server, key)
  if (definition === undefined) return
  const resource = storageOf(definition)
  const established = isTrue(definition, 'Established')
  if (established) {
    await write(server, key, (one) => withTerminating(one, 'inProgress', server.environment.clock.now()))
    await deleteAll(server, definition)
    await untilEmpty(server, resource)
  }
  definition = current(server, key)
  if (definition === undefined) return
  const finished = withTerminating(
    definition,
    established ? 'completed' : 'neverEstablished',
    server.environment.clock.now(),
  )
  const finalizers = (finished.metadata.finalizers ?? []).filter((one) => one !== CLEANUP_FINALIZER)
  const { finalizers: _, ...metadata } = finished.metadata
  const object = { ...finished, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } }
  const type = finalizers.length === 0 ? 'delete' : 'update'
  // Its paths end with it, not after it: somebody may define the kind anew at once.
  if (type === 'delete') server.registry.remove(resource)
  try {
    await store.commit([{ type, resource: DEFINITIONS, key, object }])
  } catch (error) {
    if (type === 'delete' && established) server.registry.serve(resource, kindsOf(definition))
    throw error
  }
}

function current({ store }: DefinitionServer, key: string): Definition | undefined {
  return store.head().get(DEFINITIONS, key)?.object as Definition | undefined
}

async function write(server: DefinitionServer, key: string, change: (one: Definition) => Definition): Promise<void> {
  const definition = current(server, key)
  if (definition === undefined) return
  await server.store.commit([{ type: 'update', resource: DEFINITIONS, key, object: change(definition) }])
}

/** Each as a DELETE would: at once, or marked where finalizers come first. */
async function deleteAll({ store, environment }: DefinitionServer, definition: Definition): Promise<void> {
  const [kind] = kindsOf(definition)
  if (kind === undefined) return
  const keys = [...store.head().list(kind.storage)].map(({ key }) => key)
  for (let start = 0; start < keys.length; start += BATCH) {
    const mutations = keys.slice(start, start + BATCH).flatMap((key): Mutation[] => {
      const object = store.head().get(kind.storage, key)?.object
      if (object === undefined) return []
      const plan = planDeletion(kind, object, {}, environment.clock.now())
      return plan.type === 'keep' ? [] : [{ type: plan.type, resource: kind.storage, key, object: plan.object }]
    })
    if (mutations.length > 0) await store.commit(mutations)
  }
}

function untilEmpty({ store }: DefinitionServer, resource: string): Promise<void> {
  if (store.durable().count(resource) === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const stop = store.onDurable(() => {
      if (store.durable().count(resource) > 0) return
      stop()
      resolve()
    })
  })
}
