import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ComputeError } from '../errors.ts'

/**
 * Makes this process the only driver of the run whose journal lies in `directory`; answers what gives that up. A driver that
 * was killed is known by its process being gone. Throws a `ComputeError` where another one lives.
 */
export function lockRun(directory: string, run: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'driver')
  const release = () => rmSync(path, { force: true })
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return release
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 0) throw error
      const pid = Number(readFileSync(path, 'utf8'))
      if (pid !== process.pid && isAlive(pid)) throw alreadyRuns(run, pid)
      release()
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function alreadyRuns(run: string, pid: number): ComputeError {
  const message = `Cannot run "${run}": process ${pid} runs under that name already, expected one driver at a time`
  return new ComputeError('SHOAL_RUN_EXISTS', message, {
    facts: { run, pid },
    hint: 'Wait until it has ended, or give this run another name',
  })
}
