import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import type { Event, Pod, PodStatus } from '../api/generated/core-v1.ts'
import { events, pods } from '../api/generated/resources.ts'
import { keyOf } from '../api/object.ts'
import { sleep } from '../env/clock.ts'
import { NODE_IMAGE, startTestNode } from './test-node.fixture.ts'
import type { TestNode } from './test-node.fixture.ts'

/** How long a pod may take to become as the real cluster's was, in milliseconds. */
const PATIENCE_MS = 8_000
const LAST_TIME = '<time>'
const INDEX = { 'batch.kubernetes.io/job-completion-index': '0' }

/** What a real kubelet made of a scenario: each pod with its status, and the events that it wrote about the pod. */
function settled(name: string) {
  const file = new URL(`../../test/settled/${name}.json`, import.meta.url)
  const { settled: objects } = JSON.parse(readFileSync(file, 'utf8')) as { settled: (Pod | Event)[] }
  const told = objects.filter((object): object is Event => object.kind === 'Event')
  return objects
    .filter((object): object is Pod => object.kind === 'Pod')
    .map((pod) => ({ pod, events: told.filter((event) => isTold(event, pod)).map(line) }))
}

const isTold = ({ involvedObject, reportingComponent }: Event, { metadata }: Pod) =>
  reportingComponent === 'kubelet' && involvedObject.kind === 'Pod' && involvedObject.name === metadata.name

const line = ({ type, reason, count, message, involvedObject }: Event) =>
  `${type} ${reason} ${count} ${involvedObject.fieldPath} ${message}`

/** The pod as it was applied: what admission adds is added again. */
function applied({ spec }: Pod): Pod['spec'] {
  const bare = (containers: NonNullable<Pod['spec']>['containers'] = []) =>
    containers.map(({ volumeMounts: _, ...container }) => ({
      ...container,
      ...(container.image === 'node:24' && { image: NODE_IMAGE }),
    }))
  const { volumes: _, tolerations: __, priority: ___, preemptionPolicy: ____, ...rest } = spec ?? { containers: [] }
  return { ...rest, containers: bare(rest.containers), initContainers: bare(rest.initContainers) }
}

/** A status with the recording's placeholders in place of what differs with every run. */
function comparable(status: PodStatus | undefined, name: string): unknown {
  const text = JSON.stringify(status, (key, value: unknown) => {
    if (key === 'image') return String(value).replace(/^docker\.io\/library\//, '')
    if (key === 'imageID') return value === '' ? '' : '<digest>'
    if (key === 'containerID') return '<container>'
    if (/Time$|At$/.test(key) && value !== null) return LAST_TIME
    if (key === 'hostIP' || key === 'podIP' || key === 'ip') return '<ip>'
    return value
  })
  const renamed = text.replace(/kube-api-access-[\w<>]+/g, 'kube-api-access').replaceAll(`pod=${name}_`, 'pod=p_')
  return JSON.parse(renamed.replaceAll(NODE_IMAGE, 'node:24'))
}

/** Waits until the pod's status is the wanted one; fails with the difference. */
async function becomes(node: TestNode, created: Pod, wanted: unknown): Promise<void> {
  const name = created.metadata.name ?? ''
  const late = sleep(node.env.timers, PATIENCE_MS * node.speed)
  const equal = node.untilPod(name, (pod) => isDeepStrictEqual(comparable(pod.status, name), wanted))
  const reached = await Promise.race([equal.then(() => true), late.then(() => false)])
  if (!reached) expect(comparable((await node.client.get(pods, keyOf(created))).status, name)).toEqual(wanted)
}

async function untilTold(node: TestNode, name: string, wanted: readonly string[]): Promise<void> {
  const lines = async () => {
    const { items } = await node.client.list(events, { namespace: 'default' })
    return items
      .filter(({ involvedObject }) => involvedObject.name === name)
      .map((event) =>
        line(event)
          .replaceAll(NODE_IMAGE, 'node:24')
          .replace(/in pod .*$/, 'in pod <pod>'),
      )
      .sort()
  }
  // Recorded pods of one Job have one name, and so their events together.
  const expected = [...new Set(wanted)].map((each) => each.replace(/in pod .*$/, 'in pod <pod>')).sort()
  await node.eventsWritten()
  expect(await lines()).toEqual(expected)
}

test.each(['out-of-memory', 'init-and-sidecar', 'image-missing', 'job-indexed', 'job-fails'])(
  'on processes, pods of the scenario %s end up as on a real kubelet',
  async (scenario) => {
    await using node = await startTestNode({ runtime: 'process' })
    for (const [index, { pod, events: told }] of settled(scenario).entries()) {
      const name = `p${index}`
      const created = await node.run(name, applied(pod)!, { labels: INDEX })
      await becomes(node, created, comparable(pod.status, name))
      // Told twice within the twelve seconds that the recording took.
      await untilTold(node, name, scenario === 'image-missing' ? told.map((each) => each.replace(' 2 ', ' 1 ')) : told)
    }
  },
  20_000,
)

test('a container that keeps exiting is reported, restarted and held back as on a real kubelet', async () => {
  await using node = await startTestNode({ runtime: 'simulated', speed: 8 })
  const [{ pod, events: told } = { pod: {} as Pod, events: [] }] = settled('crash-loop')
  const annotations = { 'simulated.shoal.dev/run-for': '1ms', 'simulated.shoal.dev/exit-code': '7' }
  const created = await node.run('p', applied(pod)!, { annotations })
  await becomes(node, created, comparable(pod.status, 'p'))
  await node.untilPod('p', ({ status }) => {
    const { state, restartCount } = status?.containerStatuses?.[0] ?? {}
    return restartCount === 2 && state?.waiting?.reason === 'CrashLoopBackOff'
  })
  await untilTold(node, 'p', told)
})
