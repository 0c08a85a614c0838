import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import { keyString } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change, Note } from '../../reconcile/change.ts'
import { decideJob } from './core.ts'
import { completionIndexOf, isTracked } from './job-pod.ts'

/** A Job and its pods as plain data, and each thing that happens to them as a line of text: for tests of the core. */
export interface Story {
  readonly job: Job
  readonly pods: readonly Pod[]
  /** Decides and performs until nothing changes; returns what happened, one line each. */
  settle(): string[]
  end(name: string, phase: 'Succeeded' | 'Failed', exitCode?: number): void
  edit(change: (job: Job) => Job): void
  wait(seconds: number): void
}

const START_MS = Date.UTC(2026, 0, 1)

export function tellStory(spec: Partial<NonNullable<Job['spec']>>): Story {
  const metadata = { name: 'work', namespace: 'default', uid: 'job-uid', resourceVersion: '1' }
  const template = { metadata: { labels: { 'job-name': 'work' } }, spec: { containers: [{ name: 'main' }] } }
  let job: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: { parallelism: 1, selector: { matchLabels: { 'job-name': 'work' } }, template, ...spec } as Job['spec'] &
      object,
  }
  let pods: Pod[] = []
  let nowMs = START_MS
  let serial = 0

  const perform = (change: Change): string[] => {
    if (change.verb === 'together') return change.changes.flatMap(perform)
    const [line, result] = apply(change)
    return [line, ...('done' in change && change.done !== undefined ? [sayEvent(change.done(result))] : [])]
  }
  const apply = (change: Exclude<Change, { verb: 'together' }>): [string, KubeObject] => {
    switch (change.verb) {
      case 'create': {
        const name = `${change.object.metadata.generateName}${(serial++).toString().padStart(2, 'x')}`
        const created = { ...change.object, metadata: { ...change.object.metadata, name, uid: `uid-${name}` } }
        pods.push({ ...created, status: { phase: 'Pending' } })
        return [`create ${name}`, created]
      }
      case 'update':
        job = change.object as Job
        return [`status ${sayStatus(job)}`, job]
      case 'patch':
        pods = pods.map((pod) => (pod.metadata.name === change.key.name ? untracked(pod) : pod))
        return [`release ${change.key.name}`, job]
      case 'delete':
        pods = pods.filter((pod) => pod.metadata.name !== change.key.name)
        return [`delete ${keyString(change.key)}`, job]
      default:
        return [change.verb, job]
    }
  }
  return {
    get job() {
      return job
    },
    get pods() {
      return pods
    },
    settle() {
      const lines: string[] = []
      for (let step = 0; step < 20; step++) {
        const { changes, requeueAfterMs } = decideJob({ job, pods }, nowMs)
        const happened = changes.flatMap(perform)
        if (happened.length === 0) {
          return requeueAfterMs === undefined ? lines : [...lines, `look again in ${requeueAfterMs / 1000} s`]
        }
        lines.push(...happened)
      }
      throw new Error(`not settled after 20 steps: ${lines.join('; ')}`)
    },
    end(name, phase, exitCode = 0) {
      pods = pods.map((pod) => (pod.metadata.name === name ? ended(pod, phase, exitCode, nowMs) : pod))
    },
    edit(change) {
      job = change(job)
    },
    wait(seconds) {
      nowMs += seconds * 1000
    },
  }
}

function ended(pod: Pod, phase: string, exitCode: number, nowMs: number): Pod {
  const state = { terminated: { exitCode, finishedAt: formatTime(nowMs) } }
  const container = { name: 'main', ready: false, restartCount: 0, image: '', imageID: '', state }
  return { ...pod, status: { phase, containerStatuses: [container] } }
}

function untracked(pod: Pod): Pod {
  if (!isTracked(pod)) throw new Error(`${pod.metadata.name} is released twice (index ${completionIndexOf(pod)})`)
  return { ...pod, metadata: { ...pod.metadata, finalizers: [] } }
}

function sayEvent(note: Note): string {
  return `event ${note.reason}: ${note.message}`
}

function sayStatus(job: Job): string {
  const { startTime: _, completionTime, conditions, uncountedTerminatedPods, ...rest } = job.status!
  const counts = Object.entries(rest).map(([name, value]) => `${name}=${value}`)
  const uncounted = Object.entries(uncountedTerminatedPods ?? {}).map(
    ([name, uids]) => `uncounted ${name}=${uids.length}`,
  )
  const held = (conditions ?? []).filter(({ status }) => status === 'True').map(({ type }) => type)
  return [...counts, ...uncounted, ...held, ...(completionTime === undefined ? [] : ['completionTime'])].join(' ')
}
