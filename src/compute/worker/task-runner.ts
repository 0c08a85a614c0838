import { systemEnvironment } from '../../env/system.ts'
import { readTaskHeader, TASK_HEADER_BYTES } from '../wire/messages.ts'
import type { TaskHeader } from '../wire/messages.ts'
import { createAttempt, RUNNING } from './attempts.ts'
import type { AttemptHost, RunningAttempt } from './attempts.ts'
import { CANCELLED, failed } from './failure.ts'
import type { Outcome, StageProgram } from './program.ts'

/**
 * Runs the tasks of a thread in their order, one at a time but for those that wait for what they asked of the session, and
 * those of programs that see to their order themselves.
 */
export interface TaskRunner {
  add(body: Uint8Array): void
  /** Goes on until there is nothing to do or what runs has to be awaited. */
  run(): void
  /** That attempt, or a piece of it, is no longer wanted; it may be queued, running or long over. */
  stop(task: number, attempt: number, piece?: number): void
  /** So many more values of a piece may be sent. */
  more(task: number, attempt: number, piece: number, count: number): void
  /** All of a stage. */
  stopStage(stage: number): void
}

/** Gives the program of a stage, or undefined where that was cancelled; it may throw. */
type ProgramOf = (stage: number) => StageProgram | undefined

export function createTaskRunner(host: Omit<AttemptHost, 'waited'>, programOf: ProgramOf): TaskRunner {
  const { clock } = systemEnvironment()
  const queue: { readonly attempt: RunningAttempt; readonly body: Uint8Array }[] = []
  const active = new Set<RunningAttempt>()
  /** Attempts that keep the thread from others. */
  let occupied = 0
  let isRunning = false
  const concurrent = new WeakMap<RunningAttempt, boolean>()
  const attemptHost = (isConcurrent: () => boolean): AttemptHost => ({
    ...host,
    waited(isWaiting) {
      if (isConcurrent()) return
      occupied += isWaiting ? -1 : 1
      if (isWaiting) queueMicrotask(run)
    },
  })
  const start = ({ attempt, body }: (typeof queue)[number], program: Programmed) => {
    const startedMs = clock.monotonicMs()
    active.add(attempt)
    const outcome = outcomeOf(program, body.subarray(TASK_HEADER_BYTES), attempt)
    const finish = (settled: Outcome) => {
      active.delete(attempt)
      host.running[RUNNING.task] = 0
      attempt.finish(settled, clock.monotonicMs() - startedMs)
    }
    if (!(outcome instanceof Promise)) return finish(outcome)
    const keeps = !program.isConcurrent
    if (keeps) occupied++
    void outcome.then((settled) => {
      finish(settled)
      if (keeps) occupied--
      run()
    })
  }
  const run = () => {
    if (isRunning) return
    isRunning = true
    while (queue.length > 0) {
      const program = programmed(programOf, queue[0]!.attempt.header)
      if (occupied > 0 && !program.isConcurrent) break
      concurrent.set(queue[0]!.attempt, program.isConcurrent)
      start(queue.shift()!, program)
    }
    isRunning = false
  }
  const stop = (matches: (header: TaskHeader) => boolean, piece?: number) => {
    for (const attempt of active) if (matches(attempt.header)) attempt.stop(piece)
    for (const { attempt } of queue) if (matches(attempt.header)) attempt.stop(piece)
  }
  return {
    add(body) {
      const attempt: RunningAttempt = createAttempt(
        readTaskHeader(body),
        attemptHost(() => concurrent.get(attempt) ?? false),
      )
      queue.push({ attempt, body })
    },
    run,
    stop: (task, number, piece) => stop((header) => header.task === task && header.attempt === number, piece),
    more(task, number, piece, count) {
      for (const attempt of active) {
        if (attempt.header.task === task && attempt.header.attempt === number) attempt.more(piece, count)
      }
    },
    stopStage: (stage) => stop((header) => header.stage === stage),
  }
}

interface Programmed {
  readonly program?: StageProgram | undefined
  readonly thrown?: unknown
  readonly isConcurrent: boolean
}

function programmed(programOf: ProgramOf, { stage }: TaskHeader): Programmed {
  try {
    const program = programOf(stage)
    return { program, isConcurrent: program?.isConcurrent ?? false }
  } catch (thrown) {
    return { thrown, isConcurrent: false }
  }
}

function outcomeOf(found: Programmed, payload: Uint8Array, attempt: RunningAttempt): Outcome | Promise<Outcome> {
  if (found.program === undefined) return 'thrown' in found ? failed(found.thrown, 0) : CANCELLED
  if (attempt.isStopped(-1)) return CANCELLED
  try {
    const outcome = found.program.run(payload, attempt)
    return outcome instanceof Promise ? outcome.catch((thrown: unknown) => failed(thrown, 0)) : outcome
  } catch (thrown) {
    return failed(thrown, 0)
  }
}
