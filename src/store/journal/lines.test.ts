import { expect, test } from 'vitest'
import { parseExactJson } from '../../api/meta/big-integers.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Commit, Entry } from '../store.ts'
import { applyLines, encodeCommits, encodeEntries } from './lines.ts'
import type { Objects } from './lines.ts'

const text = '{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"spec":{"size":9007199254740993}}'
const object = parseExactJson(text) as KubeObject
const entry: Entry = { resource: 'xs', key: 'a', object, created: 1, modified: 1 }
const head = { revision: 1, count: 1 }

function readBack(content: Buffer): unknown {
  const objects: Objects = new Map()
  applyLines(content, objects)
  return objects.get('xs')?.get('a')
}

test('large integers of objects are read back from commits and states as they were written', () => {
  const commit: Commit = { revision: 1, changes: [{ type: 'create', entry }] } as unknown as Commit
  expect(readBack(encodeCommits(head, [commit]))).toEqual(entry)
  expect(readBack(encodeEntries(head, [entry]))).toEqual(entry)
})
