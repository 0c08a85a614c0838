import { expect, test } from 'vitest'
import type { Namespace } from '../../api/generated/core-v1.ts'
import { configMaps, pods } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import { decideNamespace } from './core.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const namespace: Namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'n', uid: 'n', deletionTimestamp: '2026-01-01T00:00:00Z' },
  spec: { finalizers: ['kubernetes'] },
}

const held = (kind: string): KubeObject => {
  const metadata = { name: 'held', namespace: 'n', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a.b/kept'] }
  return { apiVersion: 'v1', kind, metadata }
}

const reasonsOf = (remaining: Parameters<typeof decideNamespace>[1]) => {
  const change = decideNamespace(namespace, remaining, NOW_MS).changes.find(({ verb }) => verb === 'update')
  const { status } = (change as unknown as { readonly object: Namespace }).object
  return Object.fromEntries((status?.conditions ?? []).map(({ type, reason }) => [type, reason]))
}

/** Kubernetes' ordered deletion: pods first, and as long as one is left nothing else is deleted, or counted. */
test('while pods remain a namespace says nothing of what else is left', () => {
  const remaining = [
    { type: configMaps, items: [held('ConfigMap')] },
    { type: pods, items: [held('Pod')] },
  ]
  const { NamespaceContentRemaining, NamespaceFinalizersRemaining } = reasonsOf(remaining)
  expect({ NamespaceContentRemaining, NamespaceFinalizersRemaining }).toEqual({
    NamespaceContentRemaining: 'ContentRemoved',
    NamespaceFinalizersRemaining: 'ContentHasNoFinalizers',
  })
})

test('after the last pod it says what remains, and whose finalizers', () => {
  expect(reasonsOf([{ type: configMaps, items: [held('ConfigMap')] }])).toMatchObject({
    NamespaceContentRemaining: 'SomeResourcesRemain',
    NamespaceFinalizersRemaining: 'SomeFinalizersRemain',
  })
})
