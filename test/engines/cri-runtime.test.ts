import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemEnvironment } from '../../src/env/system.ts'
import { openCriRuntime } from '../../src/runtime/cri/cri-runtime.ts'
import { sandboxSpec } from '../../src/runtime/runtime-suite.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { filesIn } from './engine-process.ts'
import { engineSuite } from './engine-suite.ts'

const missing = containerdMissing()
engineSuite('CRI runtime', {
  missing,
  start: startContainerd,
  open: openCriRuntime,
  logFiles: ({ runtime }) => filesIn(runtime, /\/logs\/main\/0\.log/),
})

const returned =
  'CRI runtime: the network of a sandbox that has ended, and nobody has stopped, is given back by the next agent'
if (missing !== undefined) test.skip(`${returned}: ${missing}`, () => {})
else
  test(returned, { timeout: 60_000 }, async () => {
    await using engine = await startContainerd()
    const directory = mkdtempSync(join(tmpdir(), 'shoal-engine-'))
    const environment = systemEnvironment('error')
    const options = { environment, endpoint: engine.endpoint, directory, owner: `returned-${process.pid}` }
    const first = await openCriRuntime(options)
    const { id } = await first.startSandbox(sandboxSpec('a'))
    engine.killContainer(id)
    await expect.poll(() => first.sandboxReady?.(id)).toBe(false)
    await first.close()
    const ofNetwork = () => engine.leftovers().filter((line) => /^(address|namespace|rule|device) /.test(line))
    expect(ofNetwork().map((line) => line.split(' ')[0])).toEqual(expect.arrayContaining(['address', 'namespace']))
    const second = await openCriRuntime(options)
    const { sandboxes } = await second.list()
    expect(sandboxes.map(({ ready }) => ready)).toEqual([false])
    expect(ofNetwork()).toEqual([])
    await second.removeSandbox(id)
    await second.close()
    rmSync(directory, { recursive: true })
  })
