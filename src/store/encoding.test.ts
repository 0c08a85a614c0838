import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { KubeObject } from '../api/object.ts'
import { systemEnvironment } from '../env/system.ts'
import { openDurableStore } from './durable-store.ts'
import { jsonOf } from './encoding.ts'
import { encodeCommits } from './journal/lines.ts'
import { createSiblings } from './siblings.ts'
import { stage } from './stage.ts'
import { emptyState } from './state.ts'

const decoder = new TextDecoder()
const object = (name: string, text: string): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } }) as KubeObject

test.each(['plain', 'Grüße, 世界 🐟', 'quotes " and \n lines', '\u0000 \ud800 lone'])(
  'the bytes that a journal has written for an object are its JSON, whatever is in it and around it (%j)',
  (text) => {
    const create = (name: string, content: string) =>
      ({ type: 'create', resource: 'configmaps', key: `default/${name}`, object: object(name, content) }) as const
    const siblings = createSiblings()
    const first = stage(emptyState(1), [create('a', text), create('b', 'plain')], 2, siblings)
    const second = stage(emptyState(1).apply(first), [create('c', text)], 3, siblings)
    const content = encodeCommits({ revision: 3, count: 3 }, [first, second])
    for (const { entry } of [...first.changes, ...second.changes]) {
      const bytes = jsonOf(entry.object)
      expect(decoder.decode(bytes)).toBe(Buffer.from(JSON.stringify(entry.object)).toString())
      expect(content.includes(Buffer.from(bytes))).toBe(true)
      expect(bytes.buffer).toBe(content.buffer)
    }
    // Once something else was written they are encoded, for good and in memory of their own.
    encodeCommits({ revision: 3, count: 3 }, [stage(emptyState(1), [create('d', 'other')], 4, siblings)])
    for (const { entry } of [...first.changes, ...second.changes]) {
      const bytes = jsonOf(entry.object)
      expect(decoder.decode(bytes)).toBe(Buffer.from(JSON.stringify(entry.object)).toString())
      expect(jsonOf(entry.object)).toBe(bytes)
      expect(bytes.buffer.byteLength).toBe(bytes.length)
    }
  },
)

test('what a durable store has loaded again is encoded as what it had written', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-encoding-'))
  const environment = systemEnvironment('error')
  try {
    const store = await openDurableStore(join(directory, 'store'), environment)
    const key = 'default/a'
    const mutation = { type: 'create', resource: 'configmaps', key, object: object('a', 'Grüße') } as const
    const written = Uint8Array.from(jsonOf((await store.commit([mutation])).changes[0]!.entry.object))
    await store.close()
    const again = await openDurableStore(join(directory, 'store'), environment)
    expect(jsonOf(again.durable().get('configmaps', key)!.object)).toEqual(written)
    await again.close()
  } finally {
    rmSync(directory, { recursive: true })
  }
})
