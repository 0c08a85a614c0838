import { expect, test } from 'vitest'
import { parseExactJson } from '../../api/meta/big-integers.ts'
import type { KubeObject } from '../../api/object.ts'
import { createSiblings } from '../siblings.ts'
import type { Commit, Entry } from '../store.ts'
import { applyLines, encodeCommits, encodeEntries } from './lines.ts'
import type { Objects } from './lines.ts'

const text = '{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"spec":{"size":9007199254740993}}'
const object = parseExactJson(text) as KubeObject
const entry: Entry = { resource: 'xs', key: 'a', object, created: 1, modified: 1 }
const head = { revision: 1, count: 1 }

function readBack(content: Buffer): unknown {
  const objects: Objects = new Map()
  applyLines(content, objects, createSiblings())
  return objects.get('xs')?.get('a')
}

test('large integers of objects are read back from commits and states as they were written', () => {
  const commit: Commit = { revision: 1, changes: [{ type: 'create', entry }] } as unknown as Commit
  expect(readBack(encodeCommits(head, [commit]))).toEqual(entry)
  const [frame] = encodeEntries(head, [entry])
  expect(readBack(frame!)).toEqual(entry)
})

test('the frames of a state hold every object once, few large ones or many small ones each', () => {
  const large = { ...object, padding: 'x'.repeat(100_000) }
  const many = Array.from({ length: 1_000 }, (_, i) => ({ ...entry, key: `k${i}`, object: i < 10 ? large : object }))
  const objects: Objects = new Map()
  const siblings = createSiblings()
  const frames = [...encodeEntries({ revision: 1, count: many.length }, many)]
  for (const frame of frames) expect(applyLines(frame, objects, siblings)).toEqual({ revision: 1, count: many.length })
  expect([...objects.get('xs')!.values()]).toEqual(many)
  expect(Math.max(...frames.map(({ length }) => length))).toBeLessThan(500_000)
})
