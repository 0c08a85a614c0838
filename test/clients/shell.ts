import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import type { Endpoint } from '../../src/client/http/connection.ts'

export interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A user of stock programs at the command line: a home, a kubeconfig, files. */
export interface Shell extends Disposable {
  readonly directory: string
  readonly kubeconfig: string
  /** Writes a file and gives its path. */
  write(name: string, content: string): string
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Result>
  /** Runs a line whose words are parted by single spaces; it must succeed, and its warnings are part of what it gives. */
  must(program: string, line: string, options?: RunOptions): Promise<string>
}

export interface RunOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
}

export function openShell(endpoint: Endpoint, namespace = 'default'): Shell {
  const directory = mkdtempSync(join(tmpdir(), 'clients-'))
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, formatKubeconfig({ name: 'test', endpoint, namespace }), { mode: 0o600 })
  const environment = { PATH: process.env['PATH'], HOME: directory, KUBECONFIG: kubeconfig }
  const run: Shell['run'] = (program, args, { input, env } = {}) =>
    new Promise((resolve) => {
      const options = { cwd: directory, env: { ...environment, ...env }, maxBuffer: 1 << 26 }
      const child = execFile(program, args, options, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
      )
      child.stdin?.end(input ?? '')
    })
  return {
    directory,
    kubeconfig,
    run,
    write(name, content) {
      const file = join(directory, name)
      writeFileSync(file, content)
      return file
    },
    async must(program, line, options) {
      const { code, out, err } = await run(program, line.split(' '), options)
      expect({ line, code, err: code === 0 ? '' : err }).toEqual({ line, code: 0, err: '' })
      return out + err
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}
