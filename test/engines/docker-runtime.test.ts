import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { systemEnvironment } from '../../src/env/system.ts'
import { openDockerRuntime } from '../../src/runtime/docker/docker-runtime.ts'
import { sandboxSpec } from '../../src/runtime/runtime-suite.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'
import { engineSuite } from './engine-suite.ts'
import { devicesOf, filesIn } from './engine-process.ts'

const missing = dockerdMissing()
engineSuite('Docker runtime', {
  missing,
  start: startDockerd,
  open: openDockerRuntime,
  logFiles: ({ engine }, id) => filesIn(join(engine, 'root/containers', id), /-json\.log/),
})

const cleared =
  'Docker runtime: network devices that Docker has left when it was killed are removed, those of pods stay'
if (missing !== undefined) test.skip(`${cleared}: ${missing}`, () => {})
else
  test(cleared, { timeout: 60_000 }, async () => {
    await using engine = await startDockerd()
    const environment = systemEnvironment('error')
    const after: typeof environment.timers.after = (ms, ...rest) => environment.timers.after(ms / 50, ...rest)
    const directory = mkdtempSync(join(tmpdir(), 'shoal-engine-'))
    const options = { environment, endpoint: engine.endpoint, directory, owner: `strays-${process.pid}` }
    const first = await openDockerRuntime(options)
    const sandbox = await first.startSandbox(sandboxSpec('a'))
    await first.close()
    const ofPods = devicesOf(engine.bridge)
    expect(ofPods).toHaveLength(1)

    // As Docker makes them, before it gives the second one to a container.
    const [plugged, other] = [`vsa${process.pid}`, `vsb${process.pid}`]
    execFileSync('ip', ['link', 'add', plugged, 'type', 'veth', 'peer', 'name', other])
    execFileSync('ip', ['link', 'set', plugged, 'master', engine.bridge])
    const hurried = { ...environment, timers: { ...environment.timers, after } }
    const second = await openDockerRuntime({ ...options, environment: hurried })
    // The kernel takes the two ends of a pair away one after the other.
    while ([plugged, other].some((name) => existsSync(`/sys/class/net/${name}`))) await sleep(20)
    expect(devicesOf(engine.bridge)).toEqual(ofPods)
    await second.stopSandbox(sandbox.id)
    await second.removeSandbox(sandbox.id)
    await second.close()
    rmSync(directory, { recursive: true })
  })
