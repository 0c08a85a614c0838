import { expect, test } from 'vitest'
import { systemEnvironment } from '../env/system.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { findRemains } from './adoption.ts'
import type { NodeContext } from './node-context.ts'
import { noFiles } from './pod-files.ts'

test('what gone pods have left is tried again where the engine did not take it, and that of others goes meanwhile', async () => {
  const sandboxes = ['a', 'b'].map((podUid) => ({ id: `of-${podUid}`, podUid }))
  const gone: string[] = []
  let isAway = true
  const runtime = {
    outlivesAgent: true,
    list: async () => ({ sandboxes, containers: [] }),
    async stopSandbox(id: string) {
      if (isAway && id === 'of-a') throw new Error('the engine is away')
    },
    removeSandbox: async (id: string) => void gone.push(id),
  }
  const remains = await findRemains(runtime as unknown as Runtime)
  const context = { env: systemEnvironment('error'), files: noFiles } as unknown as NodeContext
  await expect(remains.clear(context)).rejects.toThrow('Cannot remove what is left of 1 pods')
  expect([gone, remains.has('a'), remains.has('b')]).toEqual([['of-b'], true, false])
  isAway = false
  await remains.clear(context)
  expect([gone, remains.has('a')]).toEqual([['of-b', 'of-a'], false])
})
