import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../', import.meta.url))

/** Runs an example as a user would, in the checkout: what it prints. */
export async function runExample(name: string, ...args: string[]): Promise<string> {
  const program = ['run', '--quiet', `examples/${name}/main.ts`, ...args]
  const { stdout } = await promisify(execFile)(`${root}bin/shoal`, program, { cwd: root })
  return stdout
}

export async function linesOf(name: string, ...args: string[]): Promise<readonly string[]> {
  return (await runExample(name, ...args)).trimEnd().split('\n')
}
