import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { START_FILE, startFile, WRONG_NODE } from './start-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-start-'))
afterAll(() => rmSync(directory, { recursive: true }))
writeFileSync(join(directory, 'program.mjs'), "console.log('runs')")

const start = (version?: string) => {
  writeFileSync(join(directory, START_FILE), startFile('program.mjs', version))
  return spawnSync(process.execPath, [join(directory, START_FILE)], { encoding: 'utf8' })
}

test('a pod whose image has the Node of its driver runs its program', () => {
  expect(start()).toMatchObject({ status: 0, stdout: 'runs\n' })
})

test('a pod whose image has another Node says so, and runs nothing', () => {
  const message = `Cannot run on Node ${process.version}: it is what the image has, expected 1, as the driver has\n`
  expect(start('v1.2.3')).toMatchObject({ status: WRONG_NODE, stdout: '', stderr: message })
})
