import { hasReason } from '../../api/meta/status.ts'
import { customResourceDefinitions } from '../../api/generated/resources.ts'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { ObjectKey } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { runDefinition, runs } from './run.ts'
import type { Run } from './run.ts'

/** How often a new definition is asked whether it is served yet, and for how long. */
const DEFINITION_PAUSE_MS = 50
const DEFINITION_TRIES = 100

/** Makes the object of a run, and the definition first where the API server does not know of runs. */
export async function createRun(
  { client, env }: { readonly client: Client; readonly env: Environment },
  run: Run,
): Promise<Run> {
  for (let tries = 0; ; tries++) {
    try {
      return await client.create(runs, run)
    } catch (error) {
      if (!hasReason(error, 'NotFound') || tries >= DEFINITION_TRIES) throw error
      if (tries === 0) await defineRuns(client)
      else await sleep(env.timers, DEFINITION_PAUSE_MS)
    }
  }
}

/** Makes the API server serve runs. A definition that an older Shoal made is brought up to date. */
export async function defineRuns(client: Client): Promise<void> {
  try {
    await client.create(customResourceDefinitions, runDefinition)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
    const known = await client.get(customResourceDefinitions, { name: runDefinition.metadata.name ?? '' })
    const isOld = fieldsOf(runDefinition).some((field) => !fieldsOf(known).includes(field))
    const { versions } = runDefinition.spec
    if (isOld)
      await client.patch(customResourceDefinitions, known.metadata as ObjectKey, {
        type: 'merge',
        patch: { spec: { versions } },
      })
  }
}

const fieldsOf = ({ spec }: CustomResourceDefinition) =>
  Object.keys(spec.versions[0]?.schema?.openAPIV3Schema?.properties?.['spec']?.properties ?? {})
