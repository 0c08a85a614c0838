import { jobs } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import type { CreateCoordination } from '../coordination.ts'
import type { ComputeEvent } from '../events.ts'
import { createToken } from '../coordination.ts'
import { coordinateElsewhere } from '../link/coordinate-elsewhere.ts'
import type { RunTrust } from '../trust/run-trust.ts'
import { coordinatorProgram } from '../worker-program.ts'
import { coordinatorName } from './coordinator-job.ts'
import type { Owner } from './job-pool.ts'
import { coordinatorPod } from './coordinator-place.ts'
import type { ForwardToPod } from './coordinator-place.ts'

/** Workers cannot reach this process: the coordinator runs in a pod of its own, and is reached through the API server. */
export interface ClusterReach {
  readonly kind: 'cluster'
  readonly forward: ForwardToPod
  /** How long the driver may be cut off before the run is given up. Default 15 minutes. */
  readonly awayMs?: number
}

export interface CoordinateInPodOptions {
  readonly client: Client
  readonly env: Environment
  readonly run: string
  readonly namespace: string
  readonly image: string
  readonly reach: ClusterReach
  readonly trust: RunTrust
  readonly cacheDirectory: string
  /** How long its pod may take to start, in milliseconds. */
  readonly startMs: number
  readonly onWaiting: (reasons: readonly string[]) => void
  /** The link to the coordinator was cut, or is back. */
  readonly onLink: (event: ComputeEvent & { readonly type: 'link' }) => void
}

const AWAY_MS = 15 * 60_000

export function coordinateInPod(options: CoordinateInPodOptions): CreateCoordination {
  const { reach, trust } = options
  return async (coordinatorOptions) => {
    const token = createToken(options)
    const awayMs = reach.awayMs ?? AWAY_MS
    const place = coordinatorPod({
      ...options,
      awayMs,
      token,
      forward: reach.forward,
      trust: trust.coordinator,
      program: await coordinatorProgram(options.cacheDirectory),
    })
    const create = coordinateElsewhere({
      place,
      trust: trust.driver,
      token,
      awayMs,
      onCut: (cut) => options.onLink({ type: 'link', cut }),
      onBack: () => options.onLink({ type: 'link' }),
    })
    return await create(coordinatorOptions)
  }
}

/** The coordinator, its program and its certificates go when `owner` does. */
export async function adoptCoordinator(client: Client, namespace: string, run: string, owner: Owner): Promise<void> {
  const patch = { type: 'merge' as const, patch: { metadata: { ownerReferences: [{ ...owner, controller: true }] } } }
  await client.patch(jobs, { namespace, name: coordinatorName(run) }, patch)
}
