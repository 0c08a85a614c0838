import { readFile } from 'node:fs/promises'
import { priorityClasses } from '../api/generated/resources.ts'
import type { KubeObject } from '../api/object.ts'
import type { Client } from '../client/client.ts'
import { plan as planPods } from '../explain/plan.ts'
import type { PlannedPod } from '../explain/plan.ts'
import { CliError } from './cli-error.ts'
import { takeSnapshot } from './cluster-snapshot.ts'
import { openTarget } from './target-cluster.ts'
import type { TargetOptions } from './target-cluster.ts'

export interface PlanOptions extends TargetOptions {
  readonly filename: string
  readonly output?: 'json' | 'yaml'
}

/** `shoal plan -f FILE`: where things would go. Resolves to the exit code: 0 where all fits, 3 where something does not. */
export async function plan(options: PlanOptions): Promise<number> {
  using cluster = await openTarget(options)
  const { client, namespace } = cluster
  const objects = (await readObjects(options.filename)).map((object) => inNamespace(object, namespace))
  const [snapshot, priorities] = await Promise.all([takeSnapshot(client), prioritiesOf(client)])
  const planned = planPods(snapshot, objects, priorities)
  if (options.output === 'json') process.stdout.write(`${JSON.stringify(planned, undefined, 2)}\n`)
  else if (options.output === 'yaml') process.stdout.write((await import('yaml')).stringify(planned))
  else process.stdout.write(planText(planned))
  return planned.every(({ node }) => node !== undefined) ? 0 : 3
}

/** All documents of a YAML or JSON file, those within lists too; `-` is standard input. */
async function readObjects(file: string): Promise<readonly KubeObject[]> {
  const { parseAllDocuments } = await import('yaml')
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(
      'CLI_USAGE',
      `Cannot read "${file}": ${cause.code}, expected a readable file`,
      'name one with -f FILE',
    )
  })
  const documents = parseAllDocuments(text)
  const problem = [...documents].flatMap(({ errors }) => errors)[0]
  if (problem !== undefined)
    throw new CliError(
      'CLI_USAGE',
      `Cannot read "${file}": ${problem.message}, expected YAML or JSON`,
      'correct the file',
    )
  return [...documents].flatMap((document) => {
    const object = document.toJS() as (KubeObject & { items?: readonly KubeObject[] }) | null
    return object === null ? [] : (object.items ?? [object])
  })
}

function inNamespace(object: KubeObject, namespace: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace: object.metadata?.namespace ?? namespace } }
}

async function prioritiesOf(client: Client): Promise<ReadonlyMap<string, number>> {
  const { items } = await client.list(priorityClasses)
  const entries = items.map(({ metadata, value }) => [metadata.name ?? '', value] as const)
  const fallback = items.find(({ globalDefault }) => globalDefault === true)?.value ?? 0
  return new Map([['', fallback], ...entries])
}

/** Pods of one owner that go to one node share a line. */
function planText(planned: readonly PlannedPod[]): string {
  const groups = new Map<string, number>()
  for (const { of, node, preempts, breaks, why } of planned) {
    const against = breaks.length === 0 ? '' : `, against the budget ${breaks.join(' and ')}`
    const displaced = preempts.length === 0 ? '' : `, in place of ${preempts.join(', ')}`
    const line = node === undefined ? `${of}: fits nowhere: ${why}` : `${of}: ${node}${displaced}${against}`
    groups.set(line, (groups.get(line) ?? 0) + 1)
  }
  const placed = planned.filter(({ node }) => node !== undefined).length
  const displaced = planned.flatMap(({ preempts }) => preempts).length
  const text = [...groups].map(([line, count]) => (count === 1 ? line : `${line} (${count} pods)`))
  text.push(`${placed} of ${planned.length} pods fit, ${displaced} others would have to go; nothing was created`)
  return `${text.join('\n')}\n`
}
