import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { createProcessRuntime } from './process-runtime.ts'
import type { ProcessRuntimeOptions } from './process-runtime.ts'
import { containerSpec, runToEnd, runtimeSuite, sandboxSpec, textOf } from '../runtime-suite.ts'

test('process runtime: another image is refused with the runtime to ask for', async () => {
  await using held = open()
  await expect(held.runtime.pullImage('nginx:1.27')).rejects.toMatchObject({
    reason: 'ErrImagePull',
    message: expect.stringContaining('--runtime docker'),
  })
  expect(await held.runtime.imageStatus('node:24')).toMatchObject({ reference: 'docker.io/library/node:24' })
  expect(await held.runtime.imageStatus('docker.io/library/node:24-alpine')).toBeDefined()
  expect(await held.runtime.imageStatus('node:18')).toBeUndefined()
})

test('process runtime: a node command runs with the Node at hand and its output is logged', async () => {
  await using held = open()
  const { runtime } = held
  const sandbox = await runtime.startSandbox(sandboxSpec('one'))
  const id = await runtime.createContainer(sandbox.id, containerSpec(['node', '-p', 'process.version']))
  expect(await runToEnd(runtime, id)).toMatchObject({ phase: 'exited', exitCode: 0 })
  expect(await textOf(runtime, id)).toBe(`${process.version}\n`)
})

function open(options: Omit<ProcessRuntimeOptions, 'environment'> = {}) {
  const runtime = createProcessRuntime({ environment: systemEnvironment(), ...options })
  return { runtime, [Symbol.asyncDispose]: () => runtime.close() }
}

runtimeSuite('process runtime', {
  open,
  image: 'shoal/host',
  missingImage: 'nginx:1.27',
  runsCommands: true,
  firstProcessIsInit: true,
})
runtimeSuite('process runtime without namespaces', {
  open: () => open({ namespaces: false, network: 'loopback' }),
  image: 'shoal/host',
  missingImage: 'nginx:1.27',
  runsCommands: true,
})
