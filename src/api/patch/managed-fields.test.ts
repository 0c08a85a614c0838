import { expect, test } from 'vitest'
import { applyDefaults } from '../defaults/defaults.ts'
import type { Draft } from '../draft.ts'
import type { KubeObject } from '../object.ts'
import { kindOfPath, recordedSteps } from '../recorded-steps.ts'
import type { RecordedStep } from '../recorded-steps.ts'
import { decodeObject } from '../schema/decode.ts'
import { dropEmpties } from '../schema/empty-values.ts'
import { schemaOf } from '../schema/schema.ts'
import { prepareForCreate, prepareForUpdate } from '../strategy/prepare.ts'
import { ApiError } from '../meta/status.ts'
import { applyConfiguration } from './apply.ts'
import { applyJsonPatch } from './json.ts'
import { trackUpdate } from './managed-fields.ts'
import { applyMergePatch } from './merge.ts'
import { applyStrategicPatch } from './strategic.ts'

const TIME = '2026-01-02T03:04:05Z'
const created = ['defaults-pod', 'defaults-kinds'].flatMap((name) => recordedSteps(name).filter((step) => !step.setup))

test.each(created.map((step) => [step.id, step] as const))('%s belongs to its creator, field by field', (_, step) => {
  const kind = kindOfPath(step.path)
  const { object } = decodeObject(kind.type, step.body)
  applyDefaults(kind.type, object)
  Object.assign(object.metadata, { uid: '<uid>', namespace: 'x' })
  trackUpdate(kind.schema(), object, undefined, { manager: 'unknown', time: TIME, hasStatus: kind.strategy.hasStatus })
  expect(object.metadata.managedFields).toEqual(timed(step).answer.metadata.managedFields)
})

test.each(['patch', 'apply'])('the scenario "%s" leaves what Kubernetes left', (scenario) => {
  let live: KubeObject | undefined
  for (const step of recordedSteps(scenario).map(timed)) {
    if (step.setup || ['missing', 'no manager', 'invalid result'].includes(step.id)) continue
    const answer = attempt(() => write(step, live))
    if (step.status >= 400) {
      expect(answer, step.id).toMatchObject({ code: step.status, message: step.answer.message })
      continue
    }
    live = answer as KubeObject
    const { resourceVersion: _, creationTimestamp: __, ...metadata } = step.answer.metadata
    expect(answer, step.id).toEqual({ ...step.answer, metadata })
  }
})

function attempt(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    if (error instanceof ApiError) return error.status
    throw error
  }
}

function write(step: RecordedStep, live: KubeObject | undefined): KubeObject {
  const kind = kindOfPath(step.path)
  const manager = new URLSearchParams(step.path.split('?')[1]).get('fieldManager') ?? 'unknown'
  const force = step.path.includes('force=true')
  const isApply = step.headers['content-type']?.includes('apply') === true
  const raw = isApply
    ? applyConfiguration(kind.schema(), live, step.body, {
        manager,
        force,
        time: TIME,
        hasStatus: kind.strategy.hasStatus,
      })
    : patched(step, live)
  const { object } = decodeObject(kind.type, raw)
  applyDefaults(kind.type, object)
  if (!isApply) trackUpdate(kind.schema(), object, live, { manager, time: TIME, hasStatus: kind.strategy.hasStatus })
  finish(kind.type, object, live)
  return object as KubeObject
}

function finish(
  type: ReturnType<typeof kindOfPath>['type'],
  object: Draft<KubeObject>,
  live: KubeObject | undefined,
): void {
  if (live === undefined) {
    Object.assign(object.metadata, { uid: '<uid>', namespace: '{{ns}}' })
    prepareForCreate(type, object)
  } else prepareForUpdate(type, object, live)
  dropEmpties(schemaOf(type.definition), object)
}

function patched({ headers, body, path }: RecordedStep, live: KubeObject | undefined): unknown {
  const type = headers['content-type'] ?? ''
  if (live === undefined || type === '') return body
  if (type.includes('strategic')) return applyStrategicPatch(kindOfPath(path).schema(), live, body)
  return type.includes('json-patch') ? applyJsonPatch(live, body) : applyMergePatch(live, body)
}

/** Placeholders of times are no times: one stands for all. */
function timed(step: RecordedStep): RecordedStep {
  return JSON.parse(JSON.stringify(step).replaceAll('<time>', TIME)) as RecordedStep
}
