import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Environment } from '../../env/environment.ts'
import { openAuditFile } from './audit-file.ts'

test('an audit file that is closed has its last lines, and the timer that would have written them finds nothing to do', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-audit-'))
  const due: (() => void)[] = []
  const errors: string[] = []
  const env = {
    timers: { after: (_: number, action: () => void) => (due.push(action), { cancel: () => {} }), soon: () => {} },
    log: { error: (message: string) => void errors.push(message) },
  } as unknown as Environment
  try {
    const path = join(directory, 'audit.log')
    const sink = await openAuditFile(path, env)
    sink.write('one\n')
    sink.write('two\n')
    await sink.close()
    due.forEach((action) => action())
    await new Promise<void>((resolve) => setImmediate(resolve))
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
    expect(errors).toEqual([])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
