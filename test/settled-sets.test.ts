import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Event } from '../src/api/generated/core-v1.ts'
import { controllerRevisions, daemonSets, events, pods, statefulSets } from '../src/api/generated/resources.ts'
import type { KubeObject } from '../src/api/object.ts'
import type { ResourceType } from '../src/api/resource-type.ts'
import { createTestCluster, until } from '../src/testing/index.ts'
import type { TestCluster } from '../src/testing/index.ts'

interface Scenario {
  readonly objects: readonly KubeObject[]
  readonly settled: readonly KubeObject[]
}

const NAMESPACE = 'default'
const TYPES: readonly ResourceType[] = [statefulSets, daemonSets, controllerRevisions, pods]

/** A scenario without its probes: nothing listens in a simulated container. */
function scenario(name: string): Scenario {
  const text = readFileSync(new URL(`settled/${name}.json`, import.meta.url), 'utf8')
  return JSON.parse(text, (key, value: unknown) => (key === 'readinessProbe' ? undefined : value)) as Scenario
}

/** An object with placeholders in place of what differs with every run, and without what the runtime decides. */
function comparable(object: KubeObject): unknown {
  const text = JSON.stringify(object, (key, value: unknown) => {
    if (['uid', 'resourceVersion', 'managedFields', 'containerID', 'imageID'].includes(key)) return undefined
    if (key === 'image') return String(value).replace(/^docker\.io\/library\//, '')
    if (/Time$|At$|Timestamp$/.test(key) && value !== null) return '<time>'
    if (key === 'hostIP' || key === 'podIP' || key === 'ip') return '<ip>'
    if (key === 'annotations' && Object.keys(value as object).length === 0) return undefined
    if (key.endsWith('hash')) return '<hash>'
    return value
  })
  return JSON.parse(nameless(text.replaceAll('{{ns}}', NAMESPACE)))
}

/** Text without hashes and random suffixes in names: a revision's is its hash, a daemon's pod has five letters. */
const nameless = (text: string) =>
  text
    .replace(/"(db|agent)-(?!\d+"|")[\w<>]+"/g, '"$1-<random>"')
    .replace(/\bagent-[\w<>]+( |$)/g, 'agent-<random>$1')
    .replace(/kube-api-access-[\w<>]+/g, 'kube-api-access')

const line = ({ involvedObject, reason, message, type, reportingComponent }: Event) =>
  nameless(`${reportingComponent} ${type} ${reason} ${involvedObject.kind} ${message}`.replaceAll('{{ns}}', NAMESPACE))

const byKindAndName = (a: KubeObject, b: KubeObject) =>
  `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`)

const told = (objects: readonly KubeObject[], names: readonly string[]) =>
  objects
    .filter((one): one is Event => one.kind === 'Event')
    .filter(({ involvedObject }) => names.includes(involvedObject.name ?? ''))
    .map(line)

async function objectsOf(cluster: TestCluster): Promise<KubeObject[]> {
  const lists = await Promise.all(TYPES.map((type) => cluster.client.list(type, { namespace: NAMESPACE })))
  return lists.flatMap(({ items }) => [...items])
}

test.each(['stateful-set', 'daemon-set'])(
  'the scenario %s settles into what a real cluster settled into',
  async (name) => {
    const { objects, settled } = scenario(name)
    await using cluster = await createTestCluster()
    const type = TYPES.find(({ kind }) => kind === objects[0]?.kind)!
    await cluster.client.create(type, { ...objects[0]!, metadata: { ...objects[0]!.metadata, namespace: NAMESPACE } })
    const wanted = settled.filter(({ kind }) => kind !== 'Event').sort(byKindAndName)
    const { status } = settled.find(({ kind }) => kind === type.kind) as {
      status?: { readonly [name: string]: unknown }
    }
    const counts = Object.entries(status ?? {}).filter(([, value]) => typeof value === 'number')
    await until(cluster.client, type, ([set]) => {
      const now = (set as { status?: Record<string, unknown> } | undefined)?.status
      return counts.every(([field, value]) => now?.[field] === value)
    })
    const reached = (await objectsOf(cluster)).sort(byKindAndName)
    expect(reached.map(comparable)).toEqual(wanted.map(comparable))
    const names = reached.map(({ metadata }) => metadata.name!)
    const lines = told(
      settled,
      settled.filter(({ kind }) => kind !== 'Event').map(({ metadata }) => metadata.name!),
    ).sort()
    const areTold = (all: readonly Event[]) => told(all, names).length >= lines.length
    const written = await until(cluster.client, events, areTold, { namespace: NAMESPACE })
    expect(told(written, names).sort()).toEqual(lines)
  },
)
