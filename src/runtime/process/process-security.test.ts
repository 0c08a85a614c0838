import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import type { ContainerSpec, Runtime } from '../runtime.ts'
import { containerSpec, runToEnd, sandboxSpec, textOf } from '../runtime-suite.ts'
import { createProcessRuntime } from './process-runtime.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

function open(namespaces = true) {
  const runtime = createProcessRuntime({ environment: systemEnvironment(), namespaces, network: 'loopback' })
  return { runtime, [Symbol.asyncDispose]: () => runtime.close() }
}

async function outputOf(runtime: Runtime, command: string, changes: Partial<ContainerSpec>): Promise<string> {
  const sandbox = await runtime.startSandbox(sandboxSpec('one'))
  const id = await runtime.createContainer(sandbox.id, containerSpec(['sh', '-c', command], changes))
  await runToEnd(runtime, id)
  return textOf(runtime, id)
}

const ALL_BUT_OURS = 'grep CapBnd /proc/self/status | cut -f 2'

test.runIf(isRoot)(
  "process runtime: root in a container has containerd's default capabilities and no more",
  async () => {
    await using held = open()
    expect(await outputOf(held.runtime, ALL_BUT_OURS, {})).toBe('00000000a80425fb\n')
  },
)

test.runIf(isRoot)(
  'process runtime: capabilities are dropped and added by name, all of them where privileged',
  async () => {
    await using held = open()
    const security = { dropCapabilities: ['ALL'], addCapabilities: ['NET_BIND_SERVICE'] }
    expect(await outputOf(held.runtime, ALL_BUT_OURS, { security })).toBe('0000000000000400\n')
    const all = await outputOf(held.runtime, ALL_BUT_OURS, { security: { privileged: true } })
    expect(BigInt(`0x${all.trim()}`) & 0x200000n).toBe(0x200000n)
  },
)

for (const namespaces of isRoot ? [true, false] : []) {
  test(`process runtime, namespaces ${namespaces}: a container runs as the user and groups it asks for`, async () => {
    await using held = open(namespaces)
    const security = { runAsUser: 4321, runAsGroup: 8765, supplementalGroups: [77], noNewPrivileges: true }
    const command = 'id -u; id -G; grep NoNewPrivs /proc/self/status | cut -f 2'
    expect(await outputOf(held.runtime, command, { security })).toBe('4321\n8765 77\n1\n')
  })
}

test.runIf(isRoot)('process runtime: with a read-only root only mounts and devices can be written to', async () => {
  await using held = open()
  const mounts = [{ hostPath: '/tmp', containerPath: '/made-for-a-test', readOnly: false }]
  const command = `for f in /x /usr/x /etc/x /tmp/x x; do touch $f 2>/dev/null && echo $f written; done
    f=/made-for-a-test/read-only-root-test; touch $f && rm $f && echo fine > /dev/null && echo done`
  const security = { readOnlyRootFilesystem: true }
  expect(await outputOf(held.runtime, command, { security, mounts })).toBe('done\n')
})

test('process runtime: what cannot be given is refused, not left out', async () => {
  await using held = open(false)
  const sandbox = await held.runtime.startSandbox(sandboxSpec('one'))
  const refused = (changes: Partial<ContainerSpec>) =>
    expect(held.runtime.createContainer(sandbox.id, containerSpec(['true'], changes))).rejects.toMatchObject({
      reason: 'CreateContainerConfigError',
    })
  await refused({ security: { readOnlyRootFilesystem: true } })
  await refused({ security: { addCapabilities: ['no-such thing'] } })
  await refused({
    mounts: [{ hostPath: '/tmp', containerPath: '/x', readOnly: false, propagation: 'Bidirectional' }],
  })
})

test.runIf(isRoot)(
  'process runtime: a pod has settings of its network for itself, and is told of those that are wrong',
  async () => {
    const environment = systemEnvironment()
    const runtime = createProcessRuntime({ environment, network: 'namespace' })
    await using _held = { [Symbol.asyncDispose]: () => runtime.close() }
    const file = '/proc/sys/net/ipv4/ip_local_port_range'
    const before = readFileSync(file, 'utf8')
    const sysctls = { 'net.ipv4.ip_local_port_range': '40000 50000' }
    const sandbox = await runtime.startSandbox({ ...sandboxSpec('one'), sysctls })
    const id = await runtime.createContainer(sandbox.id, containerSpec(['cat', file]))
    await runToEnd(runtime, id)
    expect(await textOf(runtime, id)).toBe('40000\t50000\n')
    expect(readFileSync(file, 'utf8')).toBe(before)
    const wrong = { ...sandboxSpec('two'), sysctls: { 'net.ipv4.ip_local_port_range': 'far' } }
    await expect(runtime.startSandbox(wrong)).rejects.toMatchObject({ reason: 'FailedCreatePodSandBox' })
  },
)

test('process runtime: a pod that asks for settings of the machine is refused, and what else it cannot have is told of', async () => {
  await using held = open()
  const spec = { ...sandboxSpec('one'), sysctls: { 'kernel.shm_rmid_forced': '1' } }
  await expect(held.runtime.startSandbox(spec)).rejects.toThrow('sysctl kernel.shm_rmid_forced needs containers of')
  const told = held.runtime.limitations().map(({ reason }) => reason)
  expect(told).toContain('ProcessesShared')
  expect(told.includes('SeccompNotApplied')).toBe(process.platform !== 'linux' || !existsSync('/usr/bin/perl'))
})
