import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ComputeError } from '../errors.ts'
import { beginningOf, isAlive } from '../worker/scratch.ts'

/**
 * Makes this process the only driver of the run whose journal lies in `directory`; answers what gives that up. A driver that
 * was killed is known by its process being gone, or its id being another's by now. Throws a `ComputeError` where another one lives.
 */
export function lockRun(directory: string, run: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'driver')
  const release = () => rmSync(path, { force: true })
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(path, `${process.pid} ${beginningOf(process.pid) ?? ''}`, { flag: 'wx' })
      return release
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 0) throw error
      const [pid = 0, beginning = 0] = readFileSync(path, 'utf8').split(' ').map(Number)
      if (pid !== process.pid && isStill(pid, beginning)) throw alreadyRuns(run, pid)
      release()
    }
  }
}

/** Zero stands for a beginning that was not known. */
function isStill(pid: number, beginning: number): boolean {
  const now = Number(beginningOf(pid) ?? 0)
  return pid > 0 && isAlive(pid) && (beginning === 0 || now === 0 || now === beginning)
}

function alreadyRuns(run: string, pid: number): ComputeError {
  const message = `Cannot run "${run}": process ${pid} runs under that name already, expected one driver at a time`
  return new ComputeError('SHOAL_RUN_EXISTS', message, {
    facts: { run, pid },
    hint: 'Wait until it has ended, or give this run another name',
  })
}
