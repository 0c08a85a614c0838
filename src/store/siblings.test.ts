import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { createSiblings } from './siblings.ts'

function pod(name: string, owner: string, image = 'pause'): KubeObject {
  const metadata = { name, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ image }] } } as unknown as KubeObject
}

const specOf = (object: KubeObject) => (object as { readonly spec?: object }).spec

test('objects of one owner have what they have in common once, with those of others in between', () => {
  const siblings = createSiblings()
  const first = siblings.share('pods', pod('a', 'one'))
  const other = siblings.share('pods', pod('b', 'two', 'nginx'))
  const second = siblings.share('pods', pod('c', 'one'))
  expect(specOf(second)).toBe(specOf(first))
  expect(second.metadata.ownerReferences).toBe(first.metadata.ownerReferences)
  expect([first, other, second]).toEqual([pod('a', 'one'), pod('b', 'two', 'nginx'), pod('c', 'one')])
})

test('families beyond the bound are forgotten, and their objects are kept as they are', () => {
  const siblings = createSiblings()
  const first = siblings.share('pods', pod('a', 'one'))
  for (let i = 0; i < 1_000; i++) siblings.share('pods', pod('a', `other-${i}`, `image-${i}`))
  const again = siblings.share('pods', pod('b', 'one'))
  expect(specOf(again)).not.toBe(specOf(first))
  expect(again).toEqual(pod('b', 'one'))
})
