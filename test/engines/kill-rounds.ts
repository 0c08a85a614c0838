import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Container, Pod } from '../../src/api/generated/core-v1.ts'
import { deployments, jobs, pods } from '../../src/api/generated/resources.ts'
import { keyOf } from '../../src/api/object.ts'
import { seeded } from '../../src/store/damage-trial.ts'
import { until } from '../../src/testing/until.ts'
import { startServer } from '../durability/server-process.ts'
import type { ServerProcess } from '../durability/server-process.ts'
import { BUSYBOX } from '../images/images.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'
import type { Engine } from './engine.ts'

/** What is killed in a round. */
export const BLOWS = ['agent', 'engine', 'agent and engine', 'container', 'sandbox', 'pod'] as const
export type Blow = (typeof BLOWS)[number]
/** These leave every container as it is. */
const HARMLESS: ReadonlySet<Blow> = new Set(['agent', 'engine', 'agent and engine'])

/** These end the engine too, which writes the logs. */
const ENGINES_OWN: ReadonlySet<Blow> = new Set(['engine', 'agent and engine'])

const REPLICAS = 2
/** A container that was killed often is held back for five minutes at the most. */
const DEADLINE_MS = 400_000
const namespace = 'default'

export interface Field {
  readonly runtime: 'cri' | 'docker'
  readonly engine: Engine
  /** Told after each round how long it took, and of every fault so far. */
  readonly onRound?: (round: number, blow: Blow, tookMs: number, faults: readonly string[]) => void
}

interface Trial extends Field {
  readonly directory: string
  readonly random: () => number
  readonly faults: string[]
  /** Of each pod, how many lines of its log did not follow those before when it was last looked at. */
  readonly gaps: Map<string, number>
  /** Of all pods that have been seen. */
  readonly uids: Set<string>
  server: ServerProcess
}

/**
 * Runs a Deployment that counts and Jobs that note that they ran, and deals out `blows`, one a round. Returns a line for each
 * container that ran twice or did not go on, each gap in a log, and each thing that is left at the end.
 */
export async function killRounds(field: Field, blows: readonly Blow[], seed: number): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-kill-'))
  const server = await startCluster(field, directory)
  const trial: Trial = {
    ...field,
    directory,
    random: seeded(seed),
    faults: [],
    gaps: new Map(),
    uids: new Set(),
    server,
  }
  await server.client.create(deployments, counting())
  for (const [round, blow] of blows.entries()) {
    const started = performance.now()
    await play(trial, round, blow).catch((error: unknown) =>
      trial.faults.push(`round ${round}, ${blow}: ${String(error)}`),
    )
    field.onRound?.(round, blow, performance.now() - started, trial.faults)
  }
  await clear(trial)
  await untilCleared(field.engine)
  await trial.server.stop()
  trial.faults.push(...field.engine.leftovers(), ...leftIn(directory), ...cgroupsOf(trial.uids))
  rmSync(directory, { recursive: true })
  return trial.faults
}

const startCluster = ({ runtime, engine }: Field, directory: string) =>
  startServer(directory, [], [`--runtime=${runtime}`, `--cri-endpoint=${engine.endpoint}`])

async function play(trial: Trial, round: number, blow: Blow): Promise<void> {
  const before = await steady(trial)
  const restartsBefore = restartsOf(before)
  await trial.server.client.create(jobs, noting(`once-${round}`, trial.directory))
  await deal(trial, blow, before)
  const after = await steady(trial, blow === 'sandbox' || blow === 'container' ? idsOf(before) : [])
  await until(trial.server.client, jobs, (all) => all.every(isOver), { namespace, deadlineMs: DEADLINE_MS })
  const fault = (words: string) => trial.faults.push(`round ${round}, ${blow}: ${words}`)
  if (HARMLESS.has(blow) && idsOf(before).join() !== idsOf(after).join())
    fault(`containers were ${idsOf(before).join()}, are ${idsOf(after).join()}`)
  for (const pod of HARMLESS.has(blow) ? after : []) {
    const more = await newGaps(trial, pod)
    // What an engine has read of a container and not written yet goes with it: one line each time at the most, and whoever had it
    // run the container, since a kubelet has no part in the writing of logs either.
    if (more > (ENGINES_OWN.has(blow) ? 1 : 0)) fault(`${more} gaps in the log of ${pod.metadata.name}`)
  }
  const isRestarted = blow === 'sandbox' || blow === 'container'
  if (isRestarted && restartsOf(after) !== restartsBefore + 1) fault(`${restartsOf(after) - restartsBefore} restarts`)
  const ran = readFileSync(join(trial.directory, 'ran'), 'utf8').trim().split('\n')
  if (new Set(ran).size !== ran.length) fault(`ran twice: ${ran.toSorted().join(' ')}`)
}

async function deal(trial: Trial, blow: Blow, victims: readonly Pod[]): Promise<void> {
  // Of a container that has been killed often the next start is held back for minutes: the other's turn.
  const least = Math.min(...victims.map((pod) => restartsOf([pod])))
  const fresh = victims.filter((pod) => blow === 'pod' || restartsOf([pod]) === least)
  const victim = fresh[Math.floor(trial.random() * fresh.length)]
  if (victim === undefined) return
  const [own = ''] = idsOf([victim])
  // Its container last: a pod whose container ends by itself looks no further.
  const shared = trial.engine.containersOf(victim.metadata.uid ?? '').filter((id) => id !== own)
  if (blow === 'sandbox') for (const id of shared) attempt(() => trial.engine.killContainer(id))
  if (blow === 'sandbox' || blow === 'container') trial.engine.killContainer(own)
  if (blow === 'pod') await trial.server.client.delete(pods, keyOf(victim), { gracePeriodSeconds: 0 })
  if (blow === 'agent' || blow === 'agent and engine') await trial.server.kill()
  if (blow === 'engine' || blow === 'agent and engine') await trial.engine.restart()
  if (blow === 'agent' || blow === 'agent and engine') trial.server = await startCluster(trial, trial.directory)
}

/** Those of a sandbox before have ended already. */
function attempt(act: () => void): void {
  try {
    act()
  } catch {
    // As it is said above.
  }
}

/** The Deployment's pods, once there are as many as there should be and all run, in other containers than `unlike`. */
async function steady({ server, uids }: Trial, unlike: readonly string[] = []): Promise<readonly Pod[]> {
  const isCounting = ({ metadata }: Pod) =>
    metadata.labels?.['app'] === 'counting' && metadata.deletionTimestamp === undefined
  const runs = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.running !== undefined
  const all = await until(
    server.client,
    pods,
    (found) => {
      const own = found.filter(isCounting)
      return own.length === REPLICAS && own.every(runs) && idsOf(own).join() !== unlike.join()
    },
    { namespace, deadlineMs: DEADLINE_MS },
  )
  for (const { metadata } of all) uids.add(metadata.uid ?? '')
  return all.filter(isCounting)
}

const idsOf = (found: readonly Pod[]) =>
  found.map(({ status }) => status?.containerStatuses?.[0]?.containerID?.replace(/^.*\/\//, '') ?? '').toSorted()

const restartsOf = (found: readonly Pod[]) =>
  found.reduce((sum, { status }) => sum + (status?.containerStatuses?.[0]?.restartCount ?? 0), 0)

/** Its container counts from 0 on, a line for each number: how many more do not follow than when it was last looked at. */
async function newGaps({ server, gaps }: Trial, pod: Pod): Promise<number> {
  let text = ''
  for await (const chunk of await server.client.logs(keyOf(pod), {})) text += Buffer.from(chunk).toString()
  const numbers = text.trim().split('\n').map(Number)
  const found = numbers.filter((number, index) => number !== (numbers[index - 1] ?? -1) + 1).length
  const [id = ''] = idsOf([pod])
  const before = gaps.get(id) ?? 0
  gaps.set(id, found)
  return found - before
}

const isOver = ({ status }: { readonly status?: { readonly conditions?: readonly { readonly type: string }[] } }) =>
  (status?.conditions ?? []).some(({ type }) => type === 'Complete' || type === 'Failed')

async function clear({ server }: Trial): Promise<void> {
  const { client } = server
  await client.delete(deployments, { namespace, name: 'counting' }, { propagationPolicy: 'Foreground' })
  for (const job of (await client.list(jobs, { namespace })).items)
    await client.delete(jobs, keyOf(job), { propagationPolicy: 'Background' })
  await until(client, pods, (found) => found.length === 0, { namespace, deadlineMs: DEADLINE_MS })
}

const MOST_CLEARING_MS = 15_000

/** What an engine was at when it was killed is known for a leftover, and cleared away, after some seconds. */
async function untilCleared(engine: Engine): Promise<void> {
  for (const started = performance.now(); performance.now() - started < MOST_CLEARING_MS; await sleep(250))
    if (engine.leftovers().length === 0) return
}

/** What the agent has left of pods on disk and in memory, and mounted. */
function leftIn(directory: string): readonly string[] {
  const pods = [join(directory, 'pods/pods'), join(directory, 'pods/engine/node1')]
  const files = pods.flatMap((folder) => readdirSync(folder).map((name) => `directory ${join(folder, name)}`))
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  return [...files, ...mounts.filter((line) => line.includes(directory)).map((line) => `mount ${line}`)]
}

function cgroupsOf(uids: ReadonlySet<string>): readonly string[] {
  const folders = readdirSync('/sys/fs/cgroup').map((hierarchy) => join('/sys/fs/cgroup', hierarchy, 'shoal'))
  const names = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  return names.filter((name) => [...uids].some((uid) => name.includes(uid))).map((name) => `cgroup ${name}`)
}

const shell = (script: string): Container => ({
  name: 'main',
  image: 'busybox',
  imagePullPolicy: 'IfNotPresent',
  command: ['sh', '-c', script],
})

function counting() {
  const labels = { app: 'counting' }
  const containers = [shell('i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done')]
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: 'counting' },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers } },
    },
  }
}

function noting(name: string, directory: string) {
  const volumes = [{ name: 'notes', hostPath: { path: directory } }]
  const main = {
    ...shell('echo $HOSTNAME >> /notes/ran; sleep 1'),
    volumeMounts: [{ name: 'notes', mountPath: '/notes' }],
  }
  const spec = { restartPolicy: 'Never', volumes, containers: [main] }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace, name },
    spec: { backoffLimit: 0, template: { spec } },
  }
}

/** `kill-rounds.ts --seed N --count N [--runtime cri|docker]`: as many rounds on each engine that this machine has, or one. */
async function main(): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { seed: text, count: text, runtime: text } })
  const seed = Number(values.seed ?? 1)
  const random = seeded(seed)
  const blows = Array.from({ length: Number(values.count ?? 200) }, () => BLOWS[Math.floor(random() * BLOWS.length)]!)
  const engines = { cri: [containerdMissing, startContainerd], docker: [dockerdMissing, startDockerd] } as const
  for (const [runtime, [missing, start]] of Object.entries(engines)) {
    if (runtime !== (values.runtime ?? runtime)) continue
    if (missing() !== undefined) {
      console.log(`skipped on ${runtime}: ${missing()}`)
      continue
    }
    await using engine = await start()
    engine.load(BUSYBOX)
    const onRound: Field['onRound'] = (round, blow, tookMs, faults) =>
      console.error(`${runtime} ${round} ${blow}: ${(tookMs / 1000).toFixed(1)} s, ${faults.length} faults`)
    const faults = await killRounds({ runtime: runtime as Field['runtime'], engine, onRound }, blows, seed)
    for (const fault of faults) console.log(fault)
    console.log(`${blows.length} rounds on ${runtime}, ${faults.length} faults`)
    if (faults.length > 0) process.exitCode = 1
  }
}

if (import.meta.main) await main()
