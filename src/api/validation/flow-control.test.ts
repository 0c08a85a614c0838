import { expect, test } from 'vitest'
import type { FlowSchema, PriorityLevelConfiguration } from '../generated/flowcontrol-v1.ts'
import { validateFlowSchema, validatePriorityLevel } from './flow-control.ts'

const metadata = { name: 'one' }
const fields = (errors: readonly { readonly field: string; readonly message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)

const schema = (spec: object) => ({ metadata, spec }) as unknown as FlowSchema
const level = (spec: object) => ({ metadata, spec }) as unknown as PriorityLevelConfiguration

// Messages as kube-apiserver 1.34.4 answered them.
test('flow schemas name a level, a precedence of their own, and subjects with rules', () => {
  const priorityLevelConfiguration = { name: 'exempt' }
  const subjects = [{ kind: 'User', user: { name: 'eve' } }]
  const resourceRules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }]
  const spec = { matchingPrecedence: 5, priorityLevelConfiguration, rules: [{ subjects, resourceRules }] }
  expect(validateFlowSchema(schema(spec))).toEqual([])
  const wrong = {
    matchingPrecedence: 1,
    rules: [
      {
        subjects: [{ kind: 'User', group: { name: 'g' } }],
        nonResourceRules: [{ verbs: ['nap'], nonResourceURLs: ['x'] }],
      },
    ],
  }
  expect(fields(validateFlowSchema(schema(wrong)))).toEqual([
    "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
    "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
    "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
    expect.stringMatching(
      /^spec\.rules\[0\]\.nonResourceRules\[0\]\.verbs: Unsupported value: \["nap"\]: supported values: "create"/,
    ),
    'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash',
  ])
})

test('queues of a priority level are dealt by no more bits than a hash has', () => {
  const queuing = (queues: number, handSize: number) =>
    level({
      type: 'Limited',
      limited: { limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 1 } } },
    })
  expect(validatePriorityLevel(queuing(64, 8))).toEqual([])
  expect(fields(validatePriorityLevel(queuing(4, 8)))).toEqual([
    'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)',
  ])
  expect(fields(validatePriorityLevel(queuing(1024, 8)))).toEqual([
    'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 1024 and handSize 8 should not be greater than 60',
  ])
  expect(fields(validatePriorityLevel(level({ type: 'Exempt', limited: {} })))).toEqual([
    "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
    'spec.limited: Forbidden: must be nil if the type is not Limited',
  ])
})
