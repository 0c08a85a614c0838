import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WorkerLog } from '../coordinator/options.ts'
import type { TaskRecord } from '../coordinator/task-record.ts'
import { WorkerLostError } from '../errors.ts'
import { openTaskSession } from '../task/session.fixture.ts'
import type { TaskTestSession } from '../task/session.fixture.ts'
import { task } from '../task/task.ts'

const logs: WorkerLog[] = []
const records: TaskRecord[] = []
let session: TaskTestSession

beforeAll(async () => {
  const options = { onLog: (log: WorkerLog) => logs.push(log), onTask: (record: TaskRecord) => records.push(record) }
  session = await openTaskSession({ count: 1, threads: 1 }, options)
})
afterAll(() => session.close())

const talk = task(
  (what: string) => {
    console.log(what)
    console.error('%s!', what)
    return what
  },
  { name: 'talk' },
)

test('what a function logs is at the driver before its result, with the task that it comes from', async () => {
  logs.length = 0
  await session.shoal.submit(talk, 'hello')
  expect(logs.map(({ text, isError, task, thread }) => [text, isError, task, thread])).toEqual([
    ['hello\n', false, 'talk', 0],
    ['hello!\n', true, 'talk', 0],
  ])
})

test('whoever listens is told of each attempt, with its time and size', async () => {
  records.length = 0
  await session.shoal.submit(talk, 'x'.repeat(1000))
  expect(records).toHaveLength(1)
  expect(records[0]).toMatchObject({ name: 'talk', items: 1, outcome: 'done', pod: 'worker-0', attempt: 1 })
  expect(records[0]!.bytesIn).toBeGreaterThan(1000)
  expect(records[0]!.micros).toBeGreaterThan(0)
})

test('a thread that user code ends leaves its last lines', async () => {
  const last = session.shoal.submit(() => {
    console.log('the last words')
    process.exit(7)
  })
  const error = await last.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(WorkerLostError)
  expect((error as WorkerLostError).losses.at(-1)?.lastLogLines).toContain('the last words')
})
