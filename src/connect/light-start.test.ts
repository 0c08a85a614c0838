import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const entry = fileURLToPath(new URL('../index.ts', import.meta.url))

/** The modules of Node's own that are there once `entry` has been imported. */
function builtinsOf(entry: string): readonly string[] {
  const program = `await import(${JSON.stringify(entry)}); console.log(JSON.stringify(process.moduleLoadList))`
  const output = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  })
  return (JSON.parse(output) as string[]).map((name) => name.replace(/^NativeModule /, ''))
}

test('a program that imports shoal loads no TLS, HTTP and inspector before it needs them', () => {
  const loaded = builtinsOf(entry)
  expect(loaded).toContain('fs')
  expect(loaded.filter((name) => ['tls', 'https', '_http_client', 'http2', 'inspector'].includes(name))).toEqual([])
})
