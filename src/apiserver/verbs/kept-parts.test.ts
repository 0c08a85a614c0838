import { expect, test } from 'vitest'
import { keptParts, partsToKeep, withoutParts, withParts } from './kept-parts.ts'

const spec = Object.freeze({ nodeName: 'a' })
const live = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec, status: { phase: 'Pending' } }

test('kept are the parts that are the live ones, but never metadata and status', () => {
  expect(keptParts({ ...live, status: { phase: 'Running' } }, live)).toEqual({ spec })
  expect(keptParts({ ...live, spec: { nodeName: 'a' } }, live)).toBeUndefined()
  expect(keptParts('no object', live)).toBeUndefined()
})

test('a patch of a pod itself keeps its status, and of its spec a copy whose own fields may be changed', () => {
  const kept = partsToKeep({ ...live, metadata: { name: 'p', labels: {} } }, live, {
    storage: 'pods',
    subresource: undefined,
  })
  expect(kept).toEqual({ spec, status: live.status })
  expect([kept?.['status'] === live.status, Object.isFrozen(kept?.['spec'])]).toEqual([true, false])
  expect(partsToKeep(live, live, { storage: 'services', subresource: undefined })).toBeUndefined()
  expect(partsToKeep(live, live, { storage: 'pods', subresource: 'status' })).toEqual({ spec })
  expect(partsToKeep(live, live, { storage: 'services', subresource: 'status' })).toBeUndefined()
})

test('an object put together again has its parts in their order, then what defaulting added', () => {
  const value = { ...live, status: { phase: 'Running' } }
  const kept = keptParts(value, live)!
  const rest = withoutParts(value, kept)
  expect(Object.keys(rest)).toEqual(['apiVersion', 'kind', 'metadata', 'status'])
  const whole = withParts(value, kept, { ...rest, spec: { containers: [] }, extra: 1 })
  expect(Object.keys(whole)).toEqual(['apiVersion', 'kind', 'metadata', 'spec', 'status', 'extra'])
  expect((whole as unknown as typeof live).spec).toBe(spec)
})

test('fields named as those of every object are no parts of it', () => {
  const value = { ...live, ...(JSON.parse('{"constructor": 1, "__proto__": 2}') as object) }
  const kept = keptParts(value, live)!
  expect(Object.keys(withoutParts(value, kept))).toContain('constructor')
  expect(Object.keys(withParts(value, kept, { kind: 'Pod' }))).toEqual(['kind', 'spec'])
})
