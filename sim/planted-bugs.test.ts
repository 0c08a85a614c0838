import { expect, test } from 'vitest'
import type { Job } from '../src/api/generated/batch-v1.ts'
import type { Binding, PodStatus } from '../src/api/generated/core-v1.ts'
import { jobs } from '../src/api/generated/resources.ts'
import { SCHEDULER } from '../src/cluster/users.ts'
import type { Client, WatchHandler } from '../src/client/client.ts'
import { CALM } from './faults/fault-levels.ts'
import { jobOf } from './scenarios/job-template.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { report, simulate } from './simulation.ts'
import type { Outcome } from './simulation.ts'
import type { WorldOptions } from './world.ts'

/** Jobs leave their pods behind where nobody says otherwise. */
const BACKGROUND = { propagationPolicy: 'Background' } as const

/** Two nodes, and a Job of five pods that each take half of one; perhaps it is deleted in the end. */
const story = (isDeleted: boolean): Scenario => ({
  name: 'planted bug',
  async play(world) {
    for (let i = 0; i < 2; i++) world.addNode({ cpuMillis: 1000, memoryBytes: 2 ** 30, pods: 10 }).start()
    await world.wait(1_000)
    const facts = { namespace: 'default', name: 'work', cpu: '500m', memory: '1Mi', seconds: 5, failPercent: 0 }
    await world.user.create(jobs, jobOf({ ...facts, spec: { completions: 5, parallelism: 4 } }))
    await world.wait(30_000)
    if (isDeleted) await world.user.delete(jobs, { namespace: 'default', name: 'work' }, BACKGROUND)
    return () => undefined
  },
})

const STATUS = { subresource: 'status' } as const

const play = (bugs: Partial<WorldOptions>, isDeleted = false) =>
  simulate(story(isDeleted), { seed: 1, levels: CALM, ...bugs })
const found = ({ finding }: Outcome) => `${finding?.checker}: ${finding?.message}`

test('without a planted bug nothing is found', async () => {
  const outcome = await play({}, true)
  expect(outcome.finding === undefined ? '' : report(outcome)).toBe('')
})

test('no node over-committed: finds a scheduler that thinks one node is enough', async () => {
  const bound = (body: object) => ({ ...(body as Binding), target: { kind: 'Node', name: 'node1' } })
  const partBug = (client: Client, { name }: { name: string }): Client =>
    name === SCHEDULER
      ? {
          ...client,
          createSubresource: (type, key, part, body, options) =>
            client.createSubresource(type, key, part, bound(body), options),
        }
      : client
  expect(found(await play({ partBug }))).toMatch(/^no node over-committed: node1 offers 1 cpu, its pods ask for 1.5/)
})

test('jobs count exactly: finds a controller that creates each pod twice', async () => {
  const partBug = (client: Client): Client => ({
    ...client,
    async create(type, object, options) {
      if (type.plural === 'pods') await client.create(type, object, options)
      return await client.create(type, object, options)
    },
  })
  expect(found(await play({ partBug }))).toMatch(/^jobs count exactly: job work has 5 active pods of 4/)
})

test('jobs count exactly: finds a controller that counts one success too many', async () => {
  const more = (job: Job) => ({ ...job, status: { ...job.status, succeeded: (job.status?.succeeded ?? 0) + 1 } })
  const partBug = editing((client, job) => client.update(jobs, more(job), STATUS))
  expect(found(await play({ partBug }))).toMatch(/^jobs count exactly: job work counts 1 successes, but only 0/)
})

test('jobs count exactly: finds a controller that lets pods go before the status knows of them', async () => {
  // The first status that holds a success is lost, and the controller does not notice.
  let lost = false
  const partBug = editing(async (client, job) => {
    if (lost || job.status?.uncountedTerminatedPods?.succeeded === undefined)
      return await client.update(jobs, job, STATUS)
    lost = true
    return job
  })
  expect(found(await play({ partBug }))).toMatch(/^jobs count exactly: job work let pod work-\w+ go before its status/)
})

test('jobs count exactly: finds a Job that never ends', async () => {
  const partBug = editing(async (client, job) => {
    const isEnd = job.status?.conditions?.some(({ type }) => type === 'Complete') === true
    return isEnd ? job : await client.update(jobs, job, STATUS)
  })
  expect(found(await play({ partBug }))).toMatch(/^jobs count exactly: not settled after .* job work never ended/)
})

test('deletion completes: finds a garbage collector that forgets pods', async () => {
  const partBug = (client: Client, { name }: { name: string }): Client =>
    name.endsWith(':generic-garbage-collector')
      ? { ...client, delete: async (type, key) => await client.get(type, key) }
      : client
  expect(found(await play({ partBug }, true))).toMatch(
    /^deletion completes: not settled .* pods default\/work-\w+ has outlived/,
  )
})

test('watches without gaps: finds an API server that leaves out an event', async () => {
  const serverBug = watching((handler): WatchHandler => {
    let count = 0
    return { ...handler, events: (events) => void (++count !== 3 && handler.events(events)) }
  })
  expect(found(await play({ serverBug }))).toMatch(
    /^watches without gaps: the watch of \w+ on \S+ was told .*, expected /,
  )
})

test('watches without gaps: finds an API server that tells an event twice', async () => {
  const serverBug = watching((handler): WatchHandler => ({
    ...handler,
    events: (events) => handler.events([...events, ...events]),
  }))
  expect(found(await play({ serverBug }))).toMatch(
    /^watches without gaps: the watch of \w+ on \S+ was told .*, which never|expected/,
  )
})

test('watches without gaps: finds an API server that falls silent', async () => {
  const serverBug = watching((handler): WatchHandler => ({ ...handler, events: () => {} }), 'configmaps')
  expect(found(await play({ serverBug }))).toMatch(/^watches without gaps: not settled .* was never told of the ADDED/)
})

test('caches agree: finds an informer that drops what it is told', async () => {
  const partBug = (client: Client): Client =>
    watching((handler): WatchHandler => {
      let count = 0
      return { ...handler, events: (events) => void (++count !== 1 && handler.events(events)) }
    }, 'configmaps')(client)
  expect(found(await play({ partBug }))).toMatch(/^caches agree: not settled .* the cache has configmaps/)
})

test('transitions keep their time: finds a node that goes by an old object', async () => {
  let count = 0
  const late = (pod: { readonly status: PodStatus }) => {
    const lastTransitionTime = `2026-01-01T00:00:1${count++ % 2}Z`
    const conditions = pod.status.conditions?.map((condition) => ({ ...condition, lastTransitionTime }))
    return { ...pod, status: { ...pod.status, conditions } }
  }
  const partBug = (client: Client, { name }: { name: string }): Client => ({
    ...client,
    patch: (type, key, change, options) =>
      name.startsWith('system:node:') && type.plural === 'pods' && change.type === 'strategic'
        ? client.patch(type, key, { ...change, patch: late(change.patch as { status: PodStatus }) }, options)
        : client.patch(type, key, change, options),
  })
  expect(found(await play({ partBug }))).toMatch(/^transitions keep their time: \w+ of default\/work-\w+ is/)
})

/** A bug in how the Job controller writes a Job's status. */
function editing(write: (client: Client, job: Job) => Promise<Job>): (client: Client) => Client {
  return (client) => ({
    ...client,
    update: (type, object, options) =>
      type.plural === 'jobs'
        ? (write(client, object as unknown as Job) as never)
        : client.update(type, object, options),
  })
}

/** A bug in what watchers of a resource are told. */
function watching(tell: (handler: WatchHandler) => WatchHandler, plural = 'pods'): (client: Client) => Client {
  return (client) => ({
    ...client,
    watch: (type, options, handler) =>
      client.watch(type, options, type.plural === plural ? (tell(handler as WatchHandler) as typeof handler) : handler),
  })
}

test('a report has the seed, the finding, the end of the story, and how to see it again', async () => {
  const partBug = editing((client, job) => client.update(jobs, { ...job, status: { succeeded: 9 } }, STATUS))
  const lines = report(await play({ partBug })).split('\n')
  expect(lines[0]).toBe(
    'seed 1 of "planted bug": jobs count exactly: job work counts 9 successes, but only 0 of its pods ever succeeded',
  )
  expect(lines.at(-2)).toMatch(/^ +1\.\d{3} {2}controllers {2}update +jobs\.batch\/status default\/work/)
  expect(lines.at(-1)).toBe('again: node sim/run.ts --scenario "planted bug" --seed 1 --trace')
  expect(lines.length).toBeLessThanOrEqual(42)
})
