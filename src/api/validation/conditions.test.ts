import { expect, test } from 'vitest'
import type { Condition } from '../generated/meta-v1.ts'
import { validateConditions } from './conditions.ts'

const GOOD: Condition = {
  type: 'example.com/Ready',
  status: 'True',
  reason: 'All:Well',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

// As `metav1validation.ValidateConditions` of Kubernetes 1.34 has it.
test('conditions have a type of their own, a known status, a time and a reason', () => {
  expect(validateConditions([GOOD], 'status.conditions')).toEqual([])
  expect(validateConditions(undefined, 'status.conditions')).toEqual([])
  const empty = { type: '', status: '', reason: '', message: '' } as unknown as Condition
  const wrong = [{ ...GOOD, observedGeneration: -1 }, { ...GOOD, reason: 'no words' }, empty]
  const told = validateConditions(wrong, 'status.conditions').map(({ field, message }) => [field, message.slice(0, 30)])
  expect(told).toEqual([
    ['status.conditions[0].observedGeneration', 'Invalid value: -1: must be gre'],
    ['status.conditions[1].type', 'Duplicate value: "example.com/'],
    ['status.conditions[1].reason', 'Invalid value: "no words": a c'],
    ['status.conditions[2].type', 'Invalid value: "": name part m'],
    ['status.conditions[2].type', 'Invalid value: "": name part m'],
    ['status.conditions[2].status', 'Unsupported value: "": support'],
    ['status.conditions[2].lastTransitionTime', 'Required value'],
    ['status.conditions[2].reason', 'Required value'],
  ])
})
