import { expect, test } from 'vitest'
import type { Environment } from '../../env/environment.ts'
import { systemEnvironment } from '../../env/system.ts'
import type { Runtime } from '../runtime.ts'
import { containerSpec, runtimeSuite, sandboxSpec } from '../runtime-suite.ts'
import { EXIT_CODE, RUN_FOR, STOP_AFTER, createSimulatedRuntime } from './simulated-runtime.ts'

runtimeSuite('simulated runtime', {
  open() {
    const runtime = createSimulatedRuntime({ environment: systemEnvironment() })
    return { runtime, [Symbol.asyncDispose]: () => runtime.close() }
  },
  image: 'registry.k8s.io/pause:3.10',
  missingImage: 'nowhere.invalid/none:1',
  runsCommands: false,
})

test('simulated runtime: a container runs for as long as its pod says, in virtual time', async () => {
  const time = virtualTime()
  const runtime = createSimulatedRuntime({ environment: time.environment })
  const annotations = { [RUN_FOR]: '1h30m', [EXIT_CODE]: '7' }
  const sandbox = await runtime.startSandbox({ ...sandboxSpec('a'), annotations })
  const id = await runtime.createContainer(sandbox.id, containerSpec(['work']))
  await runtime.startContainer(id)
  time.advance(5_399_999)
  expect(runtime.containerStatus(id)?.state.phase).toBe('running')
  time.advance(1)
  expect(runtime.containerStatus(id)?.state).toMatchObject({ exitCode: 7, startedAtMs: 0, finishedAtMs: 5_400_000 })
})

test('simulated runtime: a container that is slow to stop is killed when its grace is over', async () => {
  const time = virtualTime()
  const runtime = createSimulatedRuntime({ environment: time.environment })
  const sandbox = await runtime.startSandbox({ ...sandboxSpec('a'), annotations: { [STOP_AFTER]: '10s' } })
  const [quick = '', slow = ''] = await Promise.all(
    [1, 2].map(() => runtime.createContainer(sandbox.id, containerSpec(['work']))),
  )
  await Promise.all([quick, slow].map((id) => runtime.startContainer(id)))
  const stopped = Promise.all([runtime.stopContainer(quick, 30_000), runtime.stopContainer(slow, 2000)])
  time.advance(10_000)
  await stopped
  expect(runtime.containerStatus(quick)?.state).toMatchObject({ exitCode: 143, finishedAtMs: 10_000 })
  expect(runtime.containerStatus(slow)?.state).toMatchObject({ exitCode: 137, finishedAtMs: 2000 })
})

test('simulated runtime: no two pods that run have one address, on one machine or on two', async () => {
  const environment = systemEnvironment()
  const one = createSimulatedRuntime({ environment, index: 0 })
  const other = createSimulatedRuntime({ environment, index: 300 })
  const start = (runtime: Runtime) => runtime.startSandbox(sandboxSpec('a'))
  const sandboxes = await Promise.all(Array.from({ length: 508 }, (_, i) => start(i % 2 === 0 ? one : other)))
  expect(new Set(sandboxes.map(({ ip }) => ip)).size).toBe(508)
  await expect(start(one)).rejects.toThrow('all of 10.128.0.0/24 are taken')
  const { id, ip } = sandboxes[0]!
  await one.stopSandbox(id)
  await one.removeSandbox(id)
  expect((await start(one)).ip).toBe(ip)
})

/** Time that passes only when told to. */
function virtualTime() {
  let now = 0
  const pending: { at: number; action: () => void }[] = []
  const timers: Environment['timers'] = {
    after(delayMs, action) {
      const entry = { at: now + delayMs, action }
      pending.push(entry)
      return { cancel: () => void (pending.includes(entry) && pending.splice(pending.indexOf(entry), 1)) }
    },
    soon: queueMicrotask,
  }
  const clock = { now: () => now, monotonicMs: () => now }
  return {
    environment: { ...systemEnvironment(), clock, timers },
    advance(ms: number) {
      const until = now + ms
      for (;;) {
        const [next] = pending.toSorted((a, b) => a.at - b.at)
        if (!next || next.at > until) break
        now = next.at
        pending.splice(pending.indexOf(next), 1)
        next.action()
      }
      now = until
    },
  }
}
