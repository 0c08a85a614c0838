import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import type { ContainerState, ContainerStatus } from '../runtime.ts'
import { createContainerBook } from './container-book.ts'
import type { EngineCalls } from './container-book.ts'
import { watchContainers } from './watching.ts'

const CREATED: ContainerStatus = {
  id: 'c',
  sandboxId: 's',
  podUid: 'p',
  name: 'main',
  attempt: 0,
  image: 'busybox',
  imageId: 'sha256:0',
  state: { phase: 'created' },
}
const RUNNING: ContainerState = { phase: 'running', startedAtMs: 1 }
const EXITED: ContainerState = { phase: 'exited', startedAtMs: 1, finishedAtMs: 2, exitCode: 0, oomKilled: false }

// containerd sends its event of an exit before its books have it, and a short command may end before its start has been answered.
test('containers: the end of one is learned that is told before its start has been taken in, and before the engine itself shows it', async () => {
  const told = Promise.withResolvers<void>()
  const taken = Promise.withResolvers<void>()
  const shown = [RUNNING, EXITED]
  const none = async () => {}
  const calls: EngineCalls = {
    // Nothing is learned by looking at all of them.
    list: () => Promise.reject(new Error('busy')),
    status: async () => ({ ...CREATED, state: shown.shift() ?? EXITED }),
    async start() {
      told.resolve()
      await taken.promise
    },
    stop: none,
    update: none,
    remove: none,
  }
  const environment = systemEnvironment('error')
  const book = createContainerBook(environment, calls)
  book.enter(CREATED)
  const ended = new Promise<ContainerState>((resolve) => {
    book.onChange(({ state }) => state.phase === 'exited' && resolve(state))
  })
  const closing = new AbortController()
  const source = async function* () {
    await told.promise
    yield 'c'
    // The event has been looked at by now, while the start is not answered yet.
    await new Promise(setImmediate)
    taken.resolve()
    await new Promise<void>((resolve) => closing.signal.addEventListener('abort', () => resolve()))
  }
  const watching = watchContainers(environment, [source], book, closing.signal)
  await book.start('c')
  expect(await ended).toEqual(EXITED)
  closing.abort()
  await watching
})
