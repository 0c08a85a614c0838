import type { Lease } from '../api/generated/coordination-v1.ts'
import { leases } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { ObjectKey } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import { formatMicroTime } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'

/** A Lease as a lock that runs out, as client-go uses it. */
export interface LeaseLock {
  /** Takes or renews it. True: it is ours now. False: it is somebody else's. Rejects where that cannot be told. */
  tryHold(nowMs: number): Promise<boolean>
  /** Leaves it to whoever wants it, without a wait. */
  release(): Promise<void>
}

interface Observed {
  readonly version: string
  readonly atMs: number
}

export function createLeaseLock(
  env: Environment,
  client: Client,
  key: ObjectKey,
  identity: string,
  leaseMs: number,
): LeaseLock {
  // Another's clock may be wrong: its lease runs out so long after this one saw it change.
  let observed: Observed | undefined
  const leaseOf = (leaseTransitions: number, known: Lease | undefined): Lease => {
    const time = formatMicroTime(env.clock.now())
    const isOurs = known?.spec?.holderIdentity === identity
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseMs / 1000),
      acquireTime: isOurs ? (known.spec?.acquireTime ?? time) : time,
      renewTime: time,
      leaseTransitions,
    }
    const base = known ?? { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...key } }
    return { ...base, spec: { ...known?.spec, ...spec } }
  }
  return {
    async tryHold(nowMs) {
      const known = await read(client, key)
      if (known === undefined) return written(() => client.create(leases, leaseOf(0, undefined)))
      const version = known.metadata.resourceVersion!
      if (observed?.version !== version) observed = { version, atMs: nowMs }
      const { holderIdentity = '', leaseTransitions = 0 } = known.spec ?? {}
      const isOurs = holderIdentity === identity
      const isHeld = holderIdentity !== '' && observed.atMs + durationOf(known, leaseMs) > env.clock.monotonicMs()
      if (!isOurs && isHeld) return false
      return written(() => client.update(leases, leaseOf(isOurs ? leaseTransitions : leaseTransitions + 1, known)))
    },
    release: () => release(client, key, identity, env),
  }
}

async function read(client: Client, key: ObjectKey): Promise<Lease | undefined> {
  try {
    return await client.get(leases, key)
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}

/** False where somebody else was faster. */
async function written(write: () => Promise<Lease>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (hasReason(error, 'Conflict') || hasReason(error, 'AlreadyExists')) return false
    throw error
  }
}

function durationOf(lease: Lease, usualMs: number): number {
  const seconds = lease.spec?.leaseDurationSeconds
  return seconds === undefined ? usualMs : seconds * 1000
}

async function release(client: Client, key: ObjectKey, identity: string, env: Environment): Promise<void> {
  const known = await read(client, key)
  if (known?.spec?.holderIdentity !== identity) return
  const time = formatMicroTime(env.clock.now())
  const spec = { ...known.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time }
  await client.update(leases, { ...known, spec })
}
