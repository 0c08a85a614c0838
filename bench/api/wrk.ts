import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pod } from './pods.ts'

export interface WrkResult {
  /** Requests in a second. */
  readonly rate: number
  /** In milliseconds. */
  readonly p99Ms: number
}

export interface WrkTarget {
  readonly url: string
  readonly token: string
  readonly directory: string
}

/** Runs `wrk` on one thread; with `creates`, POSTs of pods whose names start so. Throws where an answer failed. */
export async function wrk(
  { url, token, directory }: WrkTarget,
  path: string,
  { connections = 32, seconds = 4, creates = '' } = {},
): Promise<WrkResult> {
  const script = join(directory, `${creates || 'read'}.lua`)
  writeFileSync(script, creates === '' ? readScript(token) : createScript(creates, token))
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, `${url}${path}`]
  const { stdout } = await promisify(execFile)('/usr/bin/wrk', args)
  const failures = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1]
  if (failures !== undefined) throw new Error(`Cannot measure "${path}": ${failures} answers failed, expected none`)
  const [, amount = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? []
  const p99Ms = Number(amount) * (unit === 's' ? 1000 : unit === 'us' ? 0.001 : 1)
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]), p99Ms }
}

const readScript = (token: string) => `wrk.headers["Authorization"] = "Bearer ${token}"\n`

function createScript(prefix: string, token: string): string {
  const [before, after] = JSON.stringify(pod('NAME')).split('NAME')
  return `${readScript(token)}wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
request = function()
  n = n + 1
  return wrk.format(nil, nil, nil, '${before}${prefix}-' .. n .. '${after}')
end
`
}
