import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { machineFacts } from './machine-facts.ts'

const shell = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim()

test.runIf(existsSync('/etc/os-release'))('facts of a machine are those that its own programs tell', () => {
  const { osImage, bootId, kernelVersion } = machineFacts()
  expect(osImage).toBe(shell('. /etc/os-release; echo "$PRETTY_NAME"'))
  expect(kernelVersion).toBe(shell('uname -r'))
  expect(bootId).toMatch(/^[0-9a-f-]{36}$/)
})
