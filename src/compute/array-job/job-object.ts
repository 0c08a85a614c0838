import { createHash } from 'node:crypto'
import type { Job } from '../../api/generated/batch-v1.ts'
import type { Container, Volume } from '../../api/generated/core-v1.ts'
import { collector } from './collector.ts'
import type { ArrayJobOptions } from './array-job-options.ts'

/** What a Job was made of, so that a program that is started again knows its own. */
export const ARRAY_HASH = 'shoal.dev/array-job-hash'

export const INPUT_DIRECTORY = '/shoal/inputs'
export const OUTPUT_DIRECTORY = '/shoal/output'
export const INDEX_ANNOTATION = 'batch.kubernetes.io/job-completion-index'

export interface JobFacts {
  readonly name: string
  readonly namespace: string
  readonly count: number
  readonly inputMaps: readonly string[]
  readonly collectorImage: string
}

/** Everything of the options that a pod can notice. */
export function arrayJobHash(options: ArrayJobOptions, indexes: readonly number[]): string {
  const { name: _name, signal: _signal, inputs = [], ...rest } = options
  const hash = createHash('sha256').update(JSON.stringify([rest, indexes]))
  for (const input of inputs) {
    const bytes = input instanceof Uint8Array ? input : (JSON.stringify(input) ?? 'null')
    hash.update(`${bytes.length} `).update(bytes)
  }
  return hash.digest('hex').slice(0, 32)
}

/** The Job, held back until its inputs are there. It goes an hour after its end. */
export function arrayJobObject(facts: JobFacts, options: ArrayJobOptions, hash: string): Job {
  const { name, namespace, count, inputMaps } = facts
  const labels = { 'app.kubernetes.io/managed-by': 'shoal' }
  const volumes = volumesOf(inputMaps, options.collect === true)
  const podSpec = {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(options.collect === true && { initContainers: [collector(facts.collectorImage, OUTPUT_DIRECTORY)] }),
    containers: [mainContainer(options, volumes)],
    ...(volumes.length > 0 && { volumes }),
  }
  const spec = {
    suspend: true,
    completionMode: 'Indexed',
    completions: count,
    parallelism: Math.min(count, options.parallelism ?? count),
    backoffLimitPerIndex: options.retries ?? 0,
    ttlSecondsAfterFinished: 3600,
    ...(options.deadlineSeconds !== undefined && { activeDeadlineSeconds: options.deadlineSeconds }),
    template: { metadata: { labels }, spec: podSpec },
  }
  const metadata = { name, namespace, labels, annotations: { [ARRAY_HASH]: hash } }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec }
}

function volumesOf(inputMaps: readonly string[], collects: boolean): readonly Volume[] {
  const sources = inputMaps.map((name) => ({ configMap: { name } }))
  return [
    ...(sources.length > 0 ? [{ name: 'inputs', projected: { sources } }] : []),
    ...(collects ? [{ name: 'output', emptyDir: {} }] : []),
  ]
}

function mainContainer(options: ArrayJobOptions, volumes: readonly Volume[]): Container {
  const { image, command, args, env = {}, resources } = options
  const names = volumes.map(({ name }) => name)
  const fieldPath = `metadata.annotations['${INDEX_ANNOTATION}']`
  return {
    name: 'main',
    image,
    ...(command !== undefined && { command }),
    ...(args !== undefined && { args }),
    env: [
      // Before those that name it, so that it is replaced in them.
      { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } },
      ...(names.includes('inputs')
        ? [{ name: 'SHOAL_INPUT', value: `${INPUT_DIRECTORY}/$(JOB_COMPLETION_INDEX)` }]
        : []),
      ...(names.includes('output') ? [{ name: 'SHOAL_OUTPUT', value: OUTPUT_DIRECTORY }] : []),
      ...Object.entries(env).map(([name, value]) => ({ name, value })),
    ],
    ...(resources !== undefined && { resources: { requests: resources, limits: resources } }),
    volumeMounts: names.map((name) =>
      name === 'inputs' ? { name, mountPath: INPUT_DIRECTORY, readOnly: true } : { name, mountPath: OUTPUT_DIRECTORY },
    ),
  }
}
