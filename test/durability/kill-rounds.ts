import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configMaps } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { hasReason } from '../../src/api/meta/status.ts'
import type { HttpClient } from '../../src/client/http.ts'
import { seeded } from '../../src/store/damage-trial.ts'
import { runRounds } from '../rounds.ts'
import { startServer } from './server-process.ts'

const WRITERS = 8
const NAMES_A_WRITER = 12
/** A directory is used for so many rounds: its changes are then of several lives. */
const ROUNDS_A_DIRECTORY = 25

/** What a name stands at: undefined where it does not exist. */
type Version = { readonly value: string; readonly resourceVersion: string } | undefined

/** What is known of a name: what was acknowledged last, and the value of a write whose answer never came. */
interface Known {
  acknowledged: Version
  inFlight: { readonly value: string | undefined } | undefined
}

/**
 * Kills a server in the middle of its work, `rounds` times, and starts it again. Returns a line for each acknowledged write
 * that was lost, each object that nobody wrote, and each version that was given out twice.
 */
export async function killRounds(seed: number, rounds: number): Promise<readonly string[]> {
  const random = seeded(seed)
  const faults: string[] = []
  let directory = ''
  let known = new Map<string, Known>()
  let newest = 0
  for (let round = 0; round < rounds; round++) {
    if (round % ROUNDS_A_DIRECTORY === 0) {
      if (directory !== '') rmSync(directory, { recursive: true })
      directory = mkdtempSync(join(tmpdir(), 'shoal-kill-'))
      known = new Map()
      newest = 0
    }
    const server = await startServer(directory)
    const { items, metadata } = await server.client.list(configMaps, { namespace: 'default' })
    if (Number(metadata.resourceVersion) < newest) faults.push(`round ${round}: version ${newest} was forgotten`)
    for (const fault of compare(known, items)) faults.push(`round ${round}: ${fault}`)
    const count = Math.floor(random() * 400)
    newest = await writeUntilKilled(server.client, known, count, random, server.kill).catch(async (error: unknown) => {
      await server.kill()
      throw error
    })
  }
  if (directory !== '') rmSync(directory, { recursive: true })
  return faults
}

const valueOf = (object: KubeObject): string => (object as { data?: { value?: string } }).data?.value ?? ''

/** Compares what is there with what must be, and takes it over as known. */
function compare(known: Map<string, Known>, items: readonly KubeObject[]): readonly string[] {
  const found = new Map(items.map((each) => [each.metadata.name ?? '', each]))
  const faults: string[] = []
  for (const [name, { acknowledged, inFlight }] of known) {
    const object = found.get(name)
    const value = object === undefined ? undefined : valueOf(object)
    const isOld = value === acknowledged?.value && object?.metadata.resourceVersion === acknowledged?.resourceVersion
    const isNew = inFlight !== undefined && value === inFlight.value
    if (!isOld && !isNew) faults.push(`"${name}" is "${value}", expected "${acknowledged?.value}"`)
    const resourceVersion = object?.metadata.resourceVersion ?? ''
    known.set(name, { acknowledged: value === undefined ? undefined : { value, resourceVersion }, inFlight: undefined })
  }
  for (const name of found.keys()) if (!known.has(name)) faults.push(`"${name}" is there, and nobody wrote it`)
  return faults
}

/** Writes from several writers at once, until `count` writes were acknowledged and the server is killed. Returns the newest version. */
async function writeUntilKilled(
  client: HttpClient,
  known: Map<string, Known>,
  count: number,
  random: () => number,
  kill: () => Promise<void>,
): Promise<number> {
  let left = count
  let newest = 0
  let killed: Promise<void> | undefined
  const writer = async (number: number) => {
    for (let i = 0; killed === undefined; i++) {
      const name = `w${number}-${Math.floor(random() * NAMES_A_WRITER)}`
      const at = known.get(name) ?? { acknowledged: undefined, inFlight: undefined }
      known.set(name, at)
      const value = at.acknowledged !== undefined && random() < 0.2 ? undefined : `${number} ${i} ${random()}`
      at.inFlight = { value }
      try {
        at.acknowledged = await write(client, name, value, at.acknowledged)
      } catch (error) {
        // Whatever the server says while it lives is a fault; a cut connection leaves the write open.
        if (hasReason(error, 'InternalError') || killed === undefined) throw error
        return
      }
      at.inFlight = undefined
      newest = Math.max(newest, Number(at.acknowledged?.resourceVersion ?? 0))
      if (left-- === 0) killed ??= kill()
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)))
  await killed
  return newest
}

async function write(client: HttpClient, name: string, value: string | undefined, old: Version): Promise<Version> {
  if (value === undefined) {
    await client.delete(configMaps, { namespace: 'default', name })
    return undefined
  }
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } }
  const written = await (old === undefined ? client.create(configMaps, object) : client.update(configMaps, object))
  return { value, resourceVersion: written.metadata.resourceVersion ?? '' }
}

/** `node test/durability/kill-rounds.ts --seed N --count N` */
if (import.meta.main) await runRounds(killRounds, 200)
